import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { retry } from '../async/retry.ts';
import { ensureStoreEntry, existingStoreEntry } from './certificates/store-entry.ts';
import { lockDataDirectory, openDataDirectory, places, writeRuntime } from './data-directory.ts';
import { ensureDatabases } from './databases.ts';
import { errorText } from './errors.ts';
import { eventStoreProgram, launchEventStore } from './event-store-process.ts';
import { existingSecret, requireData, requireDatabases } from './existing-data.ts';
import { freePort } from './free-port.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { ensureSecret } from './stored-secrets.ts';

/** Postgres and the event store, running on one data directory. */
export type Stack = {
  /** The URL of the login `ledger`. It owns the database `ledger` and may create roles; it is not a superuser. */
  readonly databaseUrl: string;
  /** The URL of the event store on this machine, with the password of the product and the file of its authority. */
  readonly eventStoreUrl: string;
  /** Resolves with the reason when a part ends without `stop`. Call `stop` then, to stop the other parts. */
  readonly failed: Promise<string>;
  /** Stops everything in order, in at most 32 seconds, and unlocks the data directory. Safe to repeat. */
  stop(): Promise<void>;
};

/**
 * Starts Postgres and the event store on a data directory. Creates the directory if it does not exist, and locks it
 * while they run. Both end with this process, for whatever reason it ends, and when the start fails midway. `program`:
 * another main module of the event store, such as the compiled one.
 */
export const startStack = async (options: {
  dataDir: string;
  program?: string;
  log?: (line: string) => void;
  /** Ends a start midway: what has started is stopped, and the call throws. */
  signal?: AbortSignal;
  /** Called when the servers have been launched, and this process has nothing to do until they are ready. May be called twice. */
  onIdle?: () => void;
  /** Called before the event store opens its database. A restore writes both databases then. */
  onDatabases?: (urls: { readonly databaseUrl: string; readonly logUrl: string }) => Promise<void>;
}): Promise<Stack> => {
  const { program = eventStoreProgram, log = () => {}, signal, onIdle, onDatabases } = options;
  const dataDir = path.resolve(options.dataDir);
  const cleanups: (() => Promise<void>)[] = [];
  try {
    const lock = await openDataDirectory(dataDir);
    cleanups.push(lock.release);
    signal?.throwIfAborted();
    const entry = ensureStoreEntry(dataDir);
    // Postgres starts meanwhile, and its failure may come first.
    entry.catch(() => {});

    const { launched, postgres } = await launch({
      ...{ dataDir, log, program, cleanups },
      secret: (login) => password(dataDir, login),
      ...(signal && { signal }),
      ...(onIdle && { onIdle }),
    });
    signal?.throwIfAborted();
    const logins = {
      ledger: { name: 'ledger', password: await password(dataDir, 'ledger'), mayCreateRoles: true },
      eventstore: { name: 'eventstore', password: await password(dataDir, 'eventstore'), mayCreateRoles: false },
    } as const;
    await ensureDatabases(postgres.url, [logins.ledger, logins.eventstore]);

    const databaseUrl = urlFor(postgres, logins.ledger);
    const logUrl = urlFor(postgres, logins.eventstore);
    await onDatabases?.({ databaseUrl, logUrl });
    const eventStore = await launched.serve(logUrl, {
      migrates: true,
      entry: await entry,
    });
    signal?.throwIfAborted();
    const eventStoreUrl = eventStore.url;
    cleanups.push(() => rm(places(dataDir).runtime, { force: true }));
    await writeRuntime(dataDir, { pid: process.pid, databaseUrl, eventStoreUrl, startedAt: new Date().toISOString() });

    return running(cleanups, [postgres, eventStore], { databaseUrl, eventStoreUrl });
  } catch (error) {
    await undo(cleanups);
    throw error;
  }
};

/**
 * Starts Postgres and the event store on existing data, for the time of a command. Creates no data, leaves the logins as
 * they are, and tells no other command of the servers, because they end with this one. `migrates`: the event store may
 * update its own tables; otherwise the call throws when they are of another release. Throws NoData where no server ran
 * before, and DataDirectoryInUse while another process uses the data.
 */
export const startStackOnExisting = async (options: {
  dataDir: string;
  migrates: boolean;
  program?: string;
  log?: (line: string) => void;
}): Promise<Stack> => {
  const { program = eventStoreProgram, log = () => {}, migrates } = options;
  const dataDir = path.resolve(options.dataDir);
  await requireData(dataDir);
  const cleanups: (() => Promise<void>)[] = [];
  const secret: SecretOf = (name) => existingSecret(dataDir, `${name}-password`);
  try {
    cleanups.push((await lockDataDirectory(dataDir)).release);
    const entry = await (migrates ? ensureStoreEntry(dataDir) : existingStoreEntry(dataDir));
    const { launched, postgres } = await launch({ dataDir, log, program, cleanups, secret });
    await requireDatabases(dataDir, postgres.url);
    const login = async (name: string) => urlFor(postgres, { name, password: await secret(name) });
    const eventStore = await launched.serve(await login('eventstore'), { migrates, entry });
    return running(cleanups, [postgres, eventStore], {
      databaseUrl: await login('ledger'),
      eventStoreUrl: eventStore.url,
    });
  } catch (error) {
    await undo(cleanups);
    throw error;
  }
};

/** Launches both servers at once. Adds to `cleanups` what stops them, the event store first. */
const launch = async ({
  program,
  cleanups,
  ...starting
}: Starting & { readonly program: string; readonly cleanups: (() => Promise<void>)[] }) => {
  const launched = launchEventStore({ program, log: starting.log });
  const started = onFreePort(starting);
  cleanups.push(
    () =>
      started.then(
        ({ stop }) => stop(),
        () => {},
      ),
    launched.stop,
  );
  return { launched, postgres: await started };
};

type SecretOf = (name: string) => Promise<string>;

/** Returns the stack of running servers. The first of `servers` is Postgres. */
const running = (
  cleanups: readonly (() => Promise<void>)[],
  servers: readonly { readonly exited: Promise<string> }[],
  urls: Pick<Stack, 'databaseUrl' | 'eventStoreUrl'>,
): Stack => {
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= undo(cleanups);
    return stopped;
  };
  const failed = new Promise<string>((resolve) => {
    for (const { exited } of servers) {
      void exited.then(async (reason) => {
        if (stopped !== undefined) return;
        // The event store ends when its Postgres ends, and may be noticed first. Then Postgres is the cause to report.
        resolve(await Promise.race([servers[0]?.exited ?? reason, sleep(causeMs, reason)]));
      });
    }
  });
  return { ...urls, failed, stop };
};

const causeMs = 500;

/** Runs the cleanups, the last one first. All of them run even when one fails, so that the lock is released. */
export const undo = async (cleanups: readonly (() => Promise<void>)[]): Promise<void> => {
  const errors: unknown[] = [];
  for (const cleanup of cleanups.toReversed()) {
    await cleanup().catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new Error(`Could not stop everything: ${errors.map(errorText).join('; ')}`);
};

/** Starts the Postgres of a data directory on a free port. */
export const onFreePort = ({ dataDir, log, secret, signal, onIdle }: Starting): Promise<Postgres> =>
  retry(
    async () =>
      startPostgres({
        dataDir: places(dataDir).postgres,
        password: await secret('postgres'),
        port: await freePort(),
        log: (line) => log(`postgres: ${line}`),
        ...(signal && { signal }),
        ...(onIdle && { onIdle }),
      }),
    // Another program may take the port before Postgres does.
    (error, failures) => (failures < portsMax && errorText(error).includes('could not bind') ? 0 : null),
  );

type Starting = {
  readonly dataDir: string;
  readonly log: (line: string) => void;
  readonly secret: SecretOf;
  readonly signal?: AbortSignal;
  readonly onIdle?: () => void;
};

const portsMax = 3;

/** Returns the password of a Postgres login. The first call creates it. */
export const password = (dataDir: string, login: string): Promise<string> =>
  ensureSecret(dataDir, `${login}-password`, () => randomBytes(32).toString('base64url'));

/** Returns the URL of a login and its database. */
export const urlFor = (postgres: Postgres, { name, password }: { name: string; password: string }): string => {
  const url = new URL(postgres.url);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.href;
};
