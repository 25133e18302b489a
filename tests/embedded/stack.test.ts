import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readRuntime, resetData } from '../../src/embedded/data-directory.ts';
import { holderOf } from '../../src/embedded/lock.ts';
import { type Stack, startStack } from '../../src/embedded/stack.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { eventStoreProgram } from '../support/compiled.ts';
import { testInFull } from '../support/in-full.ts';
import { copyStackData } from '../support/prepared.ts';
import { descendants, type Program, runProgram, survivors } from '../support/processes.ts';
import { sampled } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const start = async (
  dataDir: string,
  options: { readonly program?: string } = { program: eventStoreProgram },
): Promise<Stack> => {
  const stack = await startStack({ dataDir, ...options });
  onTestFinished(() => stack.stop());
  return stack;
};

/** Returns a data directory on which a stack ran before. */
const startedBefore = async (): Promise<string> => {
  const dataDir = path.join(await temporaryDirectory(), 'data');
  await copyStackData(dataDir);
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

/** Makes a data directory like one of an earlier release, which had no certificate and no password of the event store. */
const forgetAccess = async (dataDir: string): Promise<void> => {
  await rm(path.join(dataDir, 'tls'), { recursive: true });
  const file = path.join(dataDir, 'secrets.json');
  const secrets = Object.entries(JSON.parse(await readFile(file, 'utf8')));
  const others = secrets.filter(([name]) => name !== 'eventstore-client-password');
  expect(others).toHaveLength(secrets.length - 1);
  await writeFile(file, JSON.stringify(Object.fromEntries(others)));
};

/** Returns true when a server listens at this URL. */
const answers = (eventStoreUrl: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: Number(/:(\d+)\?/.exec(eventStoreUrl)?.[1]) });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const childOf = (pid: number, command: RegExp): number => {
  const child = descendants(pid).find((candidate) => command.test(candidate.command));
  if (!child) throw new Error(`No child runs ${command}`);
  return child.pid;
};

test('A first start creates two databases with their own logins, and an event store that answers', async () => {
  const stack = await start(path.join(await temporaryDirectory(), 'new', 'data'), {});
  expect(await query(stack.databaseUrl, 'select current_user, current_database()')).toEqual(['ledger', 'ledger']);
  expect(
    await query(
      stack.databaseUrl,
      `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = current_user`,
    ),
  ).toEqual([false, true, false, false, false]);
  expect(
    await query(
      stack.databaseUrl,
      `select datname || ' of ' || datdba::regrole from pg_database
    where not datistemplate and datname <> 'postgres' order by 1`,
    ),
  ).toEqual(['eventstore of eventstore', 'ledger of ledger']);
  const events = new URL(stack.databaseUrl);
  events.pathname = '/eventstore';
  await expect(query(events.href, 'select 1')).rejects.toThrow('permission denied for database');
  expect(stack.eventStoreUrl).toMatch(/^esdb:\/\/ledger:[\w-]{43}@localhost:\d+\?tls=true&tlsCAFile=/);
  expect(await answers(stack.eventStoreUrl)).toBe(true);
});

test('After a restart, also of data of an earlier release, the data is still there and the logins are the same', async () => {
  const dataDir = await startedBefore();
  const first = await start(dataDir);
  await query(first.databaseUrl, 'create table kept as select 42 as value');
  await first.stop();
  expect(await answers(first.eventStoreUrl)).toBe(false);
  await forgetAccess(dataDir);
  const second = await start(dataDir);
  const store = connectEventStore({ url: second.eventStoreUrl });
  await expect(store.head({ timeoutMs: 10_000 })).resolves.toBeNull();
  await store.close();
  expect(await query(second.databaseUrl, 'select value from kept')).toEqual([42]);
  expect(new URL(second.databaseUrl).password).toBe(new URL(first.databaseUrl).password);
});

testInFull('Only its owner can read the data directory and its files', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'data');
  await start(dataDir);
  const mode = (name: string) => (statSync(path.join(dataDir, name)).mode & 0o777).toString(8);
  const names = [...readdirSync(dataDir), ...readdirSync(path.join(dataDir, 'tls')).map((name) => `tls/${name}`)];
  expect(Object.fromEntries(names.map((name) => [name, mode(name)]))).toEqual({
    'ledger-data': '600',
    locks: '700',
    postgres: '700',
    'runtime.json': '600',
    'secrets.json': '600',
    tls: '700',
    'tls/ca.pem': '600',
    'tls/eventstore.pem': '600',
  });
  expect(mode('.')).toBe('700');
});

testInFull('A second start is refused and names the first process, which goes on', async () => {
  const dataDir = await startedBefore();
  const stack = await start(dataDir);
  const second = runProgram('run-stack.ts', [dataDir]);
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`A ledger is already running on ${dataDir} (process ${process.pid})`);
  await expect(startStack({ dataDir })).rejects.toThrow(`(process ${process.pid})`);
  expect(await query(stack.databaseUrl, 'select 1')).toEqual([1]);
});

test('When two processes start at once, exactly one succeeds', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'data');
  const programs = [runProgram('run-stack.ts', [dataDir]), runProgram('run-stack.ts', [dataDir])];
  const outcomes = await Promise.allSettled(programs.map(({ firstAnswer }) => firstAnswer));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const { process } of programs) process.kill('SIGTERM');
  expect((await Promise.all(programs.map(({ ended }) => ended))).sort()).toEqual([0, 1]);
});

test('Other commands find the stack only while it runs', async () => {
  const dataDir = await startedBefore();
  expect(await readRuntime(dataDir)).toBeUndefined();
  const { databaseUrl, eventStoreUrl, stop } = await start(dataDir);
  expect(await readRuntime(dataDir)).toEqual({
    pid: process.pid,
    databaseUrl,
    eventStoreUrl,
    startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const text = readFileSync(path.join(dataDir, 'runtime.json'), 'utf8');
  await stop();
  expect(await readRuntime(dataDir)).toBeUndefined();
  // After a crash the file still exists, but its stack does not run.
  await writeFile(path.join(dataDir, 'runtime.json'), text);
  expect(await readRuntime(dataDir)).toBeUndefined();
});

const endings: [string, string, (program: Program) => void, number | string][] = [
  ['SIGINT', 'signal', ({ process }) => process.kill('SIGINT'), 0],
  ['SIGTERM', 'signal', ({ process }) => process.kill('SIGTERM'), 0],
  ['SIGKILL', 'signal', ({ process }) => process.kill('SIGKILL'), 'SIGKILL'],
  ['SIGHUP', 'signal', ({ process }) => process.kill('SIGHUP'), 'SIGHUP'],
  ['an uncaught exception', 'throw', ({ process }) => process.kill('SIGUSR2'), 1],
  ['process.exit', 'exit', ({ process }) => process.kill('SIGUSR2'), 7],
];

test.each(sampled(endings, 4))(
  'After %s no process is left and the next start works',
  async (_, ending, end, expected) => {
    const dataDir = await startedBefore();
    const program = runProgram('run-stack.ts', [dataDir, ending]);
    await program.firstAnswer;
    const started = descendants(program.pid);
    const commands = started.map(({ command }) => command).join('\n');
    expect(commands).toContain('postgres: checkpointer');
    expect(commands).toMatch(/eventstore\/main\.js/);
    end(program);
    expect(await program.ended).toBe(expected);
    await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
    const next = await start(dataDir);
    expect(await query(next.databaseUrl, 'select 1')).toEqual([1]);
  },
);

testInFull('When the parent is killed at any moment of its start, the next start works', async () => {
  const dataDir = await temporaryDirectory();
  const moments = sampled(['locks', 'secrets.json', 'postgres', 'postgres/postmaster.pid'], 2);
  for (const moment of moments) {
    const program = runProgram('run-stack.ts', [dataDir]);
    await expect.poll(() => existsSync(path.join(dataDir, moment)), { interval: 2, timeout: 20_000 }).toBe(true);
    const started = descendants(program.pid);
    program.process.kill('SIGKILL');
    await program.ended;
    await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
  }
  const stack = await start(dataDir);
  expect(await query(stack.databaseUrl, 'select 1')).toEqual([1]);
  expect(readdirSync(dataDir).filter((name) => name.includes('unfinished'))).toEqual([]);
});

const killed: [string, RegExp, string][] = [
  ['Postgres', /bin\/postgres -D/, 'Postgres was ended by SIGKILL'],
  ['the event store', /eventstore\/main\.js/, 'The event store was ended by SIGKILL'],
];

test.each(sampled(killed, 2))(
  'When %s is killed, the stack reports it, and stop ends the other parts',
  async (_, command, reason) => {
    const dataDir = await startedBefore();
    const stack = await start(dataDir);
    const started = descendants(process.pid);
    process.kill(childOf(process.pid, command), 'SIGKILL');
    expect(await stack.failed).toContain(reason);
    await stack.stop();
    const ours = started.filter(({ command }) => /postgres|eventstore/.test(command));
    // A worker of a killed Postgres ends by itself a moment later.
    await expect.poll(() => survivors(ours), { timeout: 10_000 }).toEqual([]);
    expect(await answers(stack.eventStoreUrl)).toBe(false);
    await (await start(dataDir)).stop();
  },
);

test('A start that fails midway stops the parts that it has started and releases the lock', async () => {
  const dataDir = await startedBefore();
  const secrets = JSON.parse(readFileSync(path.join(dataDir, 'secrets.json'), 'utf8'));
  await writeFile(path.join(dataDir, 'secrets.json'), JSON.stringify({ ...secrets, 'postgres-password': 'other' }));
  await expect(startStack({ dataDir })).rejects.toThrow('The password in secrets.json does not open the Postgres data');
  expect(await holderOf(path.join(dataDir, 'locks', 'data'))).toBeUndefined();
  expect(existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
});

testInFull('A reset deletes the data of a stopped stack, and is refused while the stack runs', async () => {
  const dataDir = await startedBefore();
  const stack = await start(dataDir);
  await expect(resetData(dataDir)).rejects.toThrow(`A ledger is already running on ${dataDir}`);
  expect(await query(stack.databaseUrl, 'select 1')).toEqual([1]);
  await stack.stop();
  await resetData(dataDir);
  expect(existsSync(dataDir)).toBe(false);
});
