import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { executable, postgresBinaries } from '../../src/embedded/binaries.ts';
import { prepareCluster, vacate } from '../../src/embedded/cluster.ts';
import { freePort } from '../../src/embedded/free-port.ts';
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts';
import { nobody, withCopy } from '../../src/embedded/run-as.ts';
import { run } from '../../src/embedded/run-program.ts';
import { testInFull } from '../support/in-full.ts';
import { copyCluster } from '../support/prepared.ts';
import { descendants, runProgram, survivors } from '../support/processes.ts';
import { sampled } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const start = async (dataDir: string, { durable = false, password = 'tests' } = {}): Promise<Postgres> => {
  const postgres = await startPostgres({ dataDir, password, port: await freePort(), durable });
  onTestFinished(() => postgres.stop());
  return postgres;
};

/** Returns a data directory on which Postgres ran before. */
const startedBefore = async (mode?: number): Promise<string> => {
  const dataDir = path.join(await temporaryDirectory(mode), 'postgres');
  await copyCluster(dataDir);
  return dataDir;
};

const query = async (url: string, text: string): Promise<unknown[]> => {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
};

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('The tests of Postgres under root did not run, because this user is not root.');

test('A first start creates a Postgres 18 in UTF-8 that accepts only the password of the superuser', async () => {
  const postgres = await start(path.join(await temporaryDirectory(), 'deep', 'postgres'), { password: 'a/b c' });
  expect(await query(postgres.url, `select current_setting('server_version_num')::int / 10000`)).toEqual([18]);
  expect(await query(postgres.url, `select upper('ä'), datlocale from pg_database where datname = 'postgres'`)).toEqual(
    ['Ä', 'C.UTF-8'],
  );
  const wrong = new URL(postgres.url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
});

test('Postgres listens on 127.0.0.1 only', async () => {
  const postgres = await start(await startedBefore());
  expect(await query(postgres.url, 'show listen_addresses')).toEqual(['127.0.0.1']);
  expect(await query(postgres.url, 'show unix_socket_directories')).toEqual(['']);
  const port = Number(new URL(postgres.url).port).toString(16).toUpperCase().padStart(4, '0');
  const sockets = `${await readFile('/proc/net/tcp', 'utf8')}${await readFile('/proc/net/tcp6', 'utf8').catch(() => '')}`;
  const listening = sockets.split('\n').map((line) => line.trim().split(/\s+/));
  expect(
    listening.filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${port}`)).map(([, local]) => local),
  ).toEqual([`0100007F:${port}`]);
});

test('Data survives a stop and a crash', async () => {
  const dataDir = await startedBefore();
  const first = await start(dataDir, { durable: true });
  await query(first.url, 'create table kept as select 1 as value');
  await first.stop();
  expect(await first.exited).toContain('exit code 0');

  const second = await start(dataDir, { durable: true });
  await query(second.url, 'update kept set value = value + 1');
  process.kill(second.pid, 'SIGKILL');
  expect(await second.exited).toContain('was ended by SIGKILL');

  expect(await query((await start(dataDir, { durable: true })).url, 'select value from kept')).toEqual([2]);
});

test('A data directory on which Postgres runs is refused, and that Postgres goes on', async () => {
  const dataDir = await startedBefore();
  const first = await start(dataDir);
  await expect(vacate(dataDir, 100)).rejects.toThrow(
    `Postgres (process ${first.pid}) is already running on ${dataDir}`,
  );
  expect(await query(first.url, 'select 1')).toEqual([1]);
});

test('The pid file of a crash does not prevent a start, even when another program has that pid now', async () => {
  const dataDir = await startedBefore();
  const pidFile = path.join(dataDir, 'postmaster.pid');
  const first = await start(dataDir);
  const left = await readFile(pidFile, 'utf8');
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  expect(existsSync(pidFile)).toBe(true);

  await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)));
  const second = await start(dataDir);
  expect(second.pid).not.toBe(process.pid);
  expect(await query(second.url, 'select 1')).toEqual([1]);
});

testInFull('An initialization that was killed midway starts again', async () => {
  const parent = await temporaryDirectory();
  const dataDir = path.join(parent, 'postgres');
  const program = runProgram('run-postgres.ts', [dataDir]);
  const unfinished = () => readdirSync(parent).find((name) => name.startsWith('postgres.unfinished-'));
  await expect
    .poll(() => existsSync(path.join(parent, unfinished() ?? '-', 'data', 'base', '1')), {
      interval: 5,
      timeout: 20_000,
    })
    .toBe(true);
  const started = descendants(program.pid);
  program.process.kill('SIGKILL');
  await program.ended;
  await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
  expect(existsSync(dataDir)).toBe(false);
  expect(unfinished()).toBeDefined();

  expect(await query((await start(dataDir)).url, 'select 1')).toEqual([1]);
  expect(unfinished()).toBeUndefined();
});

test('A directory with data of another Postgres version, or with other files, is refused and not changed', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'postgres');
  await mkdir(dataDir);
  await writeFile(path.join(dataDir, 'holiday.jpg'), '');
  await expect(start(dataDir)).rejects.toThrow('is not empty and not a Postgres data directory');
  await writeFile(path.join(dataDir, 'PG_VERSION'), '16\n');
  await expect(start(dataDir)).rejects.toThrow('was created by Postgres 16; this is Postgres 18');
  expect(readdirSync(dataDir)).toEqual(['PG_VERSION', 'holiday.jpg']);
});

test('A start on a used port fails with the error of Postgres', async () => {
  const first = await start(await startedBefore());
  const dataDir = await startedBefore();
  const port = Number(new URL(first.url).port);
  await expect(startPostgres({ dataDir, password: 'x', port })).rejects.toThrow('could not bind IPv4 address');
});

test('Only its owner can read the data directory', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'postgres');
  await start(dataDir);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
});

describe.runIf(isRoot)('When these tests run as root,', () => {
  test('an ordinary user can start Postgres too', async () => {
    const dataDir = path.join(await temporaryDirectory(0o777), 'postgres');
    const program = runProgram('run-postgres.ts', [dataDir], { uid: 65534, gid: 65534 });
    expect(await program.firstAnswer).toMatchObject({ pid: expect.any(Number) });
    expect(statSync(dataDir).uid).toBe(65534);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    // Root then starts Postgres on the same data, which gets a new owner.
    expect(await query((await startPostgresOf(dataDir)).url, 'select 1')).toEqual([1]);
  });

  test('an ordinary user gets an error that names the owner of the data', async () => {
    const parent = await temporaryDirectory(0o777);
    await mkdir(path.join(parent, 'postgres'), { mode: 0o755 });
    await writeFile(path.join(parent, 'postgres', 'PG_VERSION'), '18\n');
    const program = runProgram('run-postgres.ts', [path.join(parent, 'postgres')], { uid: 65534, gid: 65534 });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('belongs to the user with id 0, and this is user 65534');
  });

  testInFull(
    'folders that are closed to nobody are opened or copied when namespaces and setpriv are missing',
    async () => {
      const closed = await temporaryDirectory(0o700);
      await cp((await postgresBinaries()).native, path.join(closed, 'native'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      const parent = await temporaryDirectory(0o700);
      const owner = await nobody();
      const plain = { native: path.join(closed, 'native'), prefix: [], user: owner, owner };
      const runAs = await withCopy(plain, parent);
      expect(runAs.native).toBe(path.join(parent, 'postgres-programs'));
      expect(statSync(parent).mode & 0o777).toBe(0o710);

      const dataDir = path.join(parent, 'postgres');
      await prepareCluster({ dataDir, password: 'tests', durable: false }, runAs);
      expect(statSync(dataDir)).toMatchObject(owner);
      // This reads the control file, so it checks owner and mode like a start.
      await run(runAs, executable(runAs.native, 'postgres'), ['-D', dataDir, '-C', 'data_checksums']);
    },
  );

  const startPostgresOf = async (dataDir: string) => {
    const postgres = await startPostgres({ dataDir, password: 'tests', port: await freePort(), durable: false });
    onTestFinished(() => postgres.stop());
    return postgres;
  };
});

const ways = [
  { user: 'chosen', guard: 'shell', mode: 0o700 },
  ...(isRoot
    ? ['chosen', 'shell'].flatMap((guard) => [0o755, 0o700].map((mode) => ({ user: 'nobody', guard, mode })))
    : []),
];

test.each(sampled(ways, 2))(
  'Postgres ends with its parent (user $user, guard $guard, directory mode $mode)',
  async (way) => {
    // The owner of the data is the same with both guards.
    const dataDir =
      way.guard === 'shell' ? await startedBefore(way.mode) : path.join(await temporaryDirectory(way.mode), 'postgres');
    const program = runProgram('run-guarded.ts', [dataDir, way.user, way.guard]);
    await program.firstAnswer;
    const started = await startedBy(program.pid);
    program.process.kill('SIGKILL');
    await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
  },
);

test('Postgres ends when its parent is killed', async () => {
  const dataDir = await startedBefore();
  const program = runProgram('run-postgres.ts', [dataDir]);
  await program.firstAnswer;
  const started = await startedBy(program.pid);
  program.process.kill('SIGKILL');
  await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
});

/** Waits until Postgres has started its children, and returns all processes below this one. */
const startedBy = async (pid: number) => {
  await expect
    .poll(
      () =>
        descendants(pid)
          .map(({ command }) => command)
          .join(),
      { timeout: 10_000 },
    )
    .toContain('postgres: checkpointer');
  return descendants(pid);
};
