import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Role } from '../../src/cli/server/roles.ts';
import type { Chance } from './chance.ts';
import { compiled } from './compiled.ts';
import { type RunningStore, startStore } from './event-store.ts';
import { type Held, type HoldingProxy, startHoldingProxy } from './holding-proxy.ts';
import { startLedgerProcess } from './product.ts';
import { createReadModels } from './read-models.ts';
import { temporaryDirectory } from './temporary.ts';

/** A process of the product, on a clock of its own, with a connection to the event store that can be held up. */
export type MeshProcess = {
  readonly name: string;
  /** Where its API listens; another one after a restart, empty while it is down. */
  readonly url: () => string;
  readonly proxy: HoldingProxy;
  /** Kills it, and starts it again. */
  readonly killAndStart: () => Promise<void>;
  /** Its next request to append is held until its connection is lost. */
  readonly holdNextAppend: () => Held;
  /** What it knows of each license. */
  readonly folds: (licenseIds: readonly string[]) => Promise<readonly string[]>;
  /** Ends it as an operator does. */
  readonly stop: () => Promise<void>;
};

/** Two API processes, a projector and two workers over one event store and one database. */
export type Mesh = {
  readonly store: RunningStore;
  readonly models: Awaited<ReturnType<typeof createReadModels>>;
  readonly apis: readonly [MeshProcess, MeshProcess];
  readonly projector: MeshProcess;
  readonly workers: readonly [MeshProcess, MeshProcess];
  readonly stop: () => Promise<void>;
};

export const meshSecret = Buffer.alloc(32, 7).toString('base64');

/** Starts them; clocks are apart by 0, 1 or 5 seconds, as chance has it. */
export const startMesh = async (chance: Chance): Promise<Mesh> => {
  const [store, models, dataDir] = await Promise.all([startStore(), createReadModels(), temporaryDirectory()]);
  const started: MeshProcess[] = [];
  const start = async (name: string, role: Role) => {
    const process = await startProcess(name, role, store.server.port, {
      ...{ DATABASE_URL: models.url, LEDGER_SECRET: meshSecret, LEDGER_DATA_DIR: dataDir },
      ...{ EXPIRY_SWEEP_SECONDS: '1', LEDGER_CLOCK_OFFSET_SECONDS: `${chance.one([0, 1, -1, 5, -5])}` },
    });
    started.push(process);
    return process;
  };
  // It migrates the database; the others find that done.
  const projector = await start('projector', 'projector');
  const apis = await Promise.all([start('API 1', 'api'), start('API 2', 'api')]);
  const workers = await Promise.all([start('worker 1', 'worker'), start('worker 2', 'worker')]);
  return {
    ...{ store, models, apis, projector, workers },
    stop: async () => {
      await Promise.all(started.map((process) => process.stop()));
      await Promise.all(started.map(({ proxy }) => proxy.stop()));
      await store.stop();
      await models.drop();
    },
  };
};

const startProcess = async (
  name: string,
  role: Role,
  storePort: number,
  given: Readonly<Record<string, string>>,
): Promise<MeshProcess> => {
  const proxy = await startHoldingProxy(storePort);
  const env = {
    ...{ ...given, EVENTSTORE_URL: `esdb://127.0.0.1:${proxy.port}?tls=false` },
    ...{ PORT: '0', MANAGEMENT_PORT: '0', LOG_LEVEL: 'fatal', RATE_LIMITS: 'off' },
  };
  let child: ChildProcess;
  let url = '';
  const start = async () => {
    ({ child, url } = await (role === 'api' ? startApi(name, env) : startCompiled(role, env)));
  };
  await start();
  return {
    name,
    url: () => url,
    proxy,
    killAndStart: async () => {
      url = '';
      child.kill('SIGKILL');
      await once(child, 'exit');
      await start();
    },
    holdNextAppend: () => proxy.hold('"commandId"'),
    folds: async (licenseIds) => {
      child.send(licenseIds);
      const { folds, failed } = await answer<{ folds?: readonly string[]; failed?: string }>(child, name);
      if (folds === undefined) throw new Error(`${name}: ${failed}`);
      return folds;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
};

type Running = { readonly child: ChildProcess; readonly url: string };

/** One that can be asked what it has folded. */
const startApi = async (name: string, env: Readonly<Record<string, string>>): Promise<Running> => {
  const child = fork(compiled('tests/support/run-roles.ts'), ['api'], {
    execArgv: [],
    env: { ...process.env, ...env },
  });
  return { child, url: (await answer<{ url: string }>(child, name)).url };
};

const startCompiled = async (role: Role, env: Readonly<Record<string, string>>): Promise<Running> => {
  const { process: child, url } = await startLedgerProcess(['--roles', role], env);
  return { child, url };
};

const answer = async <Answer>(child: ChildProcess, name: string): Promise<Answer> => {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}.`);
  });
  ended.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message as Answer;
};
