import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executable, postgresBinaries } from './binaries.ts';
import { type Child, endWith, spawnLogged } from './child.ts';
import { prepareCluster, readyPid, vacate } from './cluster.ts';
import { chooseGuard, run } from './run.ts';
import { chooseRunAs } from './run-as.ts';

export type Postgres = {
  /** The superuser `postgres` in the database `postgres`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server is gone, asked or not, with the reason and the last lines of its log. */
  readonly exited: Promise<string>;
  /** Ends open connections and shuts down; after 16 seconds by force. */
  stop(): Promise<void>;
};

/**
 * Starts Postgres 18 on 127.0.0.1 and returns when it takes connections. It ends when this process does, however that
 * happens. `password` must be the one given at the first start on this data directory. Without `durable` a crash of the
 * machine may lose everything: for tests.
 */
export const startPostgres = async (options: {
  dataDir: string;
  password: string;
  port: number;
  durable?: boolean;
  log?: (line: string) => void;
}): Promise<Postgres> => {
  const { password, port, durable = true, log = () => {} } = options;
  const dataDir = path.resolve(options.dataDir);
  const parentDir = path.dirname(dataDir);
  await mkdir(parentDir, { recursive: true, mode: 0o700 });
  const binaries = await postgresBinaries();
  const [runAs, guard] = await Promise.all([chooseRunAs(binaries, parentDir), chooseGuard()]);
  await prepareCluster({ dataDir, password, durable }, runAs);
  const { left } = await vacate(dataDir);

  const program = [executable(runAs.native, 'postgres'), '-D', dataDir, '-p', String(port), ...settings(durable)];
  const child = spawnLogged([...runAs.prefix, ...guard.prefix, ...program], {
    name: 'Postgres',
    log,
    keepsStdin: guard.readsStdin,
    ...(runAs.user && { user: runAs.user }),
  });
  const pid = await untilReady(child, () => readyPid(dataDir, left));
  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    pid,
    exited: child.exited,
    stop: async () => {
      // Windows has no signals: there a signal ends a program on the spot.
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
    // A failed statement is answered to the one who sent it, who knows whether it matters.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

// Recovery after a crash replays at most the log of a few minutes.
const recoveryMsMax = 300_000;

const untilReady = async (child: Child, ready: () => Promise<number | undefined>): Promise<number> => {
  let gone: string | undefined;
  void child.exited.then((reason) => {
    gone = reason;
  });
  const deadline = Date.now() + recoveryMsMax;
  while (Date.now() < deadline) {
    if (gone !== undefined) throw new Error(`Postgres did not start. ${gone}`);
    const pid = await ready();
    if (pid !== undefined) return pid;
    await sleep(10);
  }
  await endWith(child, ['SIGINT', 'SIGKILL']);
  throw new Error(`Postgres was not ready after ${recoveryMsMax / 1000} seconds. ${await child.exited}`);
};
