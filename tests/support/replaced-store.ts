import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ensureStoreEntry } from '../../src/embedded/certificates/store-entry.ts';
import type { SecureAccess } from '../../src/embedded/eventstore/access/store-access.ts';
import { freePort } from '../../src/embedded/free-port.ts';
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts';
import { copyCluster } from './prepared.ts';
import { condition } from './product.ts';
import { type Switchboard, startSwitchboard } from './switchboard.ts';

/** Two processes of `ledger eventstore --wait` on one database: one serves and the other takes over when that ends. */
export type ReplacedStore = {
  /** How the processes let their users in. */
  readonly access: SecureAccess;
  /** Opens a connection to the serving process that a test can route elsewhere. */
  readonly openLine: () => Promise<StoreLine>;
  /** The URL with which a client asks for the leader, and gets the advertised address of the serving process. */
  readonly discoverUrl: string;
  /** Kills the serving process by SIGKILL. Returns when it has ended. */
  readonly kill: () => Promise<void>;
  /** Kills the Postgres of the store by SIGKILL, and starts it again. */
  readonly killPostgres: () => Promise<void>;
  /** Stops the serving process from running, as a machine does that hangs. Returns what lets it go on. */
  readonly freeze: () => () => void;
  readonly stop: () => Promise<void>;
};

/** A way to the store, with the URL of the product on it. */
export type StoreLine = {
  readonly url: string;
  /** Sends the connections to this port. Null: to the serving process again. */
  readonly divert: (port: number | null) => void;
};

type Supervised = { child: ChildProcess; port: number | null };

/** Starts both processes in this directory. Each is started again when it ends, as a service manager does. */
export const startReplacedStore = async (folder: string): Promise<ReplacedStore> => {
  const postgresOptions = { dataDir: path.join(folder, 'postgres'), password: 'tests', port: await freePort() };
  await copyCluster(postgresOptions.dataDir);
  let postgres: Postgres = await startPostgres(postgresOptions);
  const dataDir = path.join(folder, 'store');
  const { access, urlAt } = await ensureStoreEntry(dataDir);
  // Nothing listens there yet.
  const discovered = { board: await startSwitchboard(await freePort()), isDiverted: false };
  const env = {
    ...process.env,
    LEDGER_EVENTSTORE_DATABASE_URL: postgres.url,
    LEDGER_EVENTSTORE_PORT: '0',
    LEDGER_EVENTSTORE_HEALTH_PORT: '0',
    LEDGER_EVENTSTORE_ADVERTISED_ADDRESS: `localhost:${discovered.board.port}`,
    LEDGER_DATA_DIR: dataDir,
    LEDGER_ENV_FILE: 'none',
    LOG_LEVEL: 'warn',
  };
  const lines: { board: Switchboard; isDiverted: boolean }[] = [discovered];
  let serving: Supervised | null = null;
  let isStopping = false;

  const serve = (supervised: Supervised, port: number): void => {
    supervised.port = port;
    serving = supervised;
    for (const line of lines) if (!line.isDiverted) line.board.routeTo(port);
  };
  const start = (): Supervised => {
    const args = [path.join(process.cwd(), 'bin/ledger.js'), 'eventstore', '--wait', '--json'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const started: Supervised = { child, port: null };
    child.stderr.resume();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { ready, url } = JSON.parse(line) as { ready?: boolean; url: string };
      if (ready) serve(started, Number(new URL(url.replace('esdb:', 'http:')).port));
    });
    return started;
  };
  const supervise = async (): Promise<void> => {
    while (!isStopping) {
      const started = start();
      running.add(started);
      await once(started.child, 'close');
      running.delete(started);
      if (serving === started) serving = null;
    }
  };
  const running = new Set<Supervised>();
  const supervisors = [supervise(), supervise()];
  const served = async (): Promise<Supervised> => {
    await condition('an event store serves', () => serving !== null, 60_000);
    if (serving === null) throw new Error('No event store serves.');
    return serving;
  };
  await served();

  return {
    access,
    discoverUrl: urlAt(discovered.board.port).replace('esdb://', 'esdb+discover://'),
    openLine: async () => {
      const { port } = await served();
      const board = await startSwitchboard(port ?? 0);
      const line = { board, isDiverted: false };
      lines.push(line);
      return {
        url: urlAt(board.port),
        divert: (to) => {
          line.isDiverted = to !== null;
          const target = to ?? serving?.port;
          if (target) board.routeTo(target);
        },
      };
    },
    kill: async () => {
      const { child } = await served();
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
    killPostgres: async () => {
      process.kill(postgres.pid, 'SIGKILL');
      await postgres.exited;
      postgres = await startPostgres(postgresOptions);
    },
    freeze: () => {
      const child = serving?.child;
      child?.kill('SIGSTOP');
      return () => void child?.kill('SIGCONT');
    },
    stop: async () => {
      isStopping = true;
      for (const { child } of running) child.kill('SIGTERM');
      await Promise.all(supervisors);
      await Promise.all(lines.map(({ board }) => board.stop()));
      await postgres.stop();
    },
  };
};
