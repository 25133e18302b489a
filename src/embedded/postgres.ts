import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executable, postgresBinaries } from './binaries.ts';
import { type Child, endWith, spawnLogged } from './child.ts';
import { prepareCluster, readyPid, vacate } from './cluster.ts';
import { chooseGuard } from './guard.ts';
import { chooseRunAs } from './run-as.ts';
import { run } from './run-program.ts';

/** A running Postgres. */
export type Postgres = {
  /** The URL of the superuser `postgres` and the database `postgres`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server has ended for any reason, with a text that tells how and the last lines of its log. */
  readonly exited: Promise<string>;
  /** Ends open connections and shuts down. Kills the server after 16 seconds. */
  stop(): Promise<void>;
};

/**
 * Starts Postgres 18 on 127.0.0.1 and returns when it accepts connections. It ends when this process ends, for whatever
 * reason. `password` must be the password of the first start on this data directory. Without `durable`, which is for
 * tests, a crash of the machine may lose everything.
 */
export const startPostgres = async (options: {
  dataDir: string;
  password: string;
  port: number;
  durable?: boolean;
  log?: (line: string) => void;
  /** Ends a start midway, also while Postgres recovers from a crash. */
  signal?: AbortSignal;
  /** Called when a program of Postgres runs, and this process has nothing to do until it is ready. May be called twice. */
  onIdle?: () => void;
}): Promise<Postgres> => {
  const { password, port, durable = true, log = () => {}, signal, onIdle } = options;
  const dataDir = path.resolve(options.dataDir);
  const parentDir = path.dirname(dataDir);
  await mkdir(parentDir, { recursive: true, mode: 0o700 });
  const binaries = await postgresBinaries();
  const [runAs, guard] = await Promise.all([chooseRunAs(binaries, parentDir), chooseGuard()]);
  await prepareCluster({ dataDir, password, durable, ...(onIdle && { onIdle }) }, runAs);
  const { left } = await vacate(dataDir);

  const program = [executable(runAs.native, 'postgres'), '-D', dataDir, '-p', String(port), ...settings(durable)];
  const child = spawnLogged([...runAs.prefix, ...guard.prefix, ...program], {
    name: 'Postgres',
    log,
    keepsStdin: guard.readsStdin,
    ...(runAs.user && { user: runAs.user }),
  });
  onIdle?.();
  const pid = await untilReady(child, () => readyPid(dataDir, left), signal);
  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    pid,
    exited: child.exited,
    stop: async () => {
      // Windows has no signals: there, a signal ends a program at once.
      const shutDown = ['stop', '-D', dataDir, '-m', 'fast', '-W'];
      if (process.platform === 'win32') await run(runAs, executable(runAs.native, 'pg_ctl'), shutDown).catch(() => {});
      await endWith(child, process.platform === 'win32' ? [undefined, 'SIGKILL'] : ['SIGINT', 'SIGQUIT', 'SIGKILL']);
    },
  };
};

const settings = (durable: boolean): string[] =>
  Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The sender of a failed statement gets the error and knows whether it matters.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

// After a crash, Postgres replays at most a few minutes of its log.
const recoveryMsMax = 300_000;

const untilReady = async (
  child: Child,
  ready: () => Promise<number | undefined>,
  signal?: AbortSignal,
): Promise<number> => {
  let gone: string | undefined;
  void child.exited.then((reason) => {
    gone = reason;
  });
  const deadline = Date.now() + recoveryMsMax;
  while (Date.now() < deadline) {
    if (gone !== undefined) throw new Error(`Postgres did not start. ${gone}`);
    const pid = await ready();
    if (pid !== undefined) return pid;
    if (signal?.aborted) {
      await endWith(child, ['SIGINT', 'SIGQUIT', 'SIGKILL']);
      throw signal.reason;
    }
    await sleep(10);
  }
  await endWith(child, ['SIGINT', 'SIGKILL']);
  throw new Error(`Postgres was not ready after ${recoveryMsMax / 1000} seconds. ${await child.exited}`);
};
