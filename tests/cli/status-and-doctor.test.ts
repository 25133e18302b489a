import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';
import { outputPattern } from '../support/shown-output.ts';

// One running product, which an operator examines.

let env: { LEDGER_DATA_DIR: string; LOG_LEVEL: string; PORT: string; MANAGEMENT_PORT: string };
let product: Product;
let db: pg.Client;
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-status-'));
  await copyProductData(dataDir);
  env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn', PORT: `${await freePort()}`, MANAGEMENT_PORT: '0' };
  product = await startProduct(env);
  const runtime: { databaseUrl: string } = JSON.parse(await readFile(path.join(dataDir, 'runtime.json'), 'utf8'));
  db = new pg.Client(runtime.databaseUrl);
  await db.connect();
  await db.query('set role ledger_owner');
});
afterAll(async () => {
  await db.end();
  await stop();
  await rm(env.LEDGER_DATA_DIR, { recursive: true });
});

const stop = async () => {
  product.process.kill('SIGTERM');
  await product.ended;
};
const asJson = async (command: string) => {
  const { code, output } = await runCommand([command, '--json'], env);
  return { code, facts: JSON.parse(output) };
};
const beaten = async () => (await db.query('select from ops.processes')).rowCount === 1;

test('The status of a running ledger is fine and complete, also when it is asked for twice at once', async () => {
  await condition('the process has given a sign of life', beaten);
  const [text, { code, facts }] = await Promise.all([runCommand(['status'], env), asJson('status')]);
  expect([text.code, code]).toEqual([0, 0]);
  expect(text.output).toMatch(/^All is well\.\n/);
  expect(facts).toMatchObject({
    status: 'ok',
    mode: 'embedded',
    postgres: { migrations: { pending: [], unknown: [], edited: [] } },
    eventStore: {
      ...{ answers: true, version: expect.stringMatching(/^\d/) },
      access: { tls: true, login: 'ledger', users: [], certificateEndsAt: expect.stringMatching(/^20\d\d-/) },
    },
    processes: [
      { roles: ['api', 'projector', 'worker', 'notary'], pid: product.process.pid, status: 'ok', isSilent: false },
    ],
    readModels: { isLevel: true, isOfThisRelease: true, parkedCount: 0 },
    lag: { events: 0, seconds: 0 },
    lastVerification: null,
    problems: [],
  });
});

test('A verification is noted in the only row, and the status shows its result', async () => {
  expect((await runCommand(['verify'], env)).code).toBe(0);
  const { facts } = await asJson('status');
  expect(facts.lastVerification).toMatchObject({ isIntact: true, damaged: 0, events: expect.any(Number) });
  expect((await db.query('select from ops.last_verification')).rowCount).toBe(1);
  const text = await runCommand(['status'], env);
  expect(text.output).toMatch(outputPattern('docs/operations.md', 'ledger status'));
});

test('The doctor finds nothing on a running ledger, and says what to do about an open table', async () => {
  const { code, facts } = await asJson('doctor');
  const noted = facts.findings.filter(({ state }: { state: string }) => state !== 'ok');
  expect(noted).toEqual([expect.objectContaining({ check: 'backup', state: 'note' })]);
  expect([code, facts.todo]).toEqual([0, 0]);
  expect(facts.findings).toContainEqual(
    expect.objectContaining({ check: 'port', detail: expect.stringContaining('belongs to a running ledger') }),
  );
  await db.query('grant select on rm.license_keys to public');
  const open = await runCommand(['doctor'], env);
  await db.query('revoke select on rm.license_keys from public');
  expect(open.code).toBe(1);
  expect(open.output).toMatch(outputPattern('docs/operations.md', 'ledger doctor'));
});

test('Without a ledger, and without servers that answer, both say so and create nothing', async () => {
  const nowhere = path.join(env.LEDGER_DATA_DIR, 'outbox', 'nowhere');
  const empty = { ...env, PORT: '0', LEDGER_DATA_DIR: nowhere };
  const [status, doctor] = await Promise.all([runCommand(['status'], empty), runCommand(['doctor'], empty)]);
  expect([status.code, status.output]).toEqual([6, expect.stringContaining(`There is no ledger in ${nowhere}.`)]);
  expect([doctor.code, doctor.output]).toEqual([0, expect.stringContaining(`There is no ledger in ${nowhere} yet.`)]);
  await expect(access(nowhere)).rejects.toThrow();
  const secret = Buffer.alloc(32, 7).toString('base64');
  const urls = { DATABASE_URL: 'postgres://x@127.0.0.1:1/x', EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' };
  const silent = { ...empty, ...urls, LEDGER_SECRET: secret };
  const [unreachable, ill] = await Promise.all([
    runCommand(['status', '--json'], silent),
    runCommand(['doctor'], silent),
  ]);
  expect([unreachable.code, ill.code]).toEqual([4, 4]);
  expect(JSON.parse(unreachable.output)).toMatchObject({ status: 'unreachable' });
  expect(ill.output).toMatch(/^todo +postgres +Postgres does not answer: .* Check DATABASE_URL\.$/m);
});

test('A stopped ledger is not started', async () => {
  await db.end();
  await stop();
  const [status, doctor] = await Promise.all([runCommand(['status'], env), runCommand(['doctor'], env)]);
  expect([status.code, status.output]).toEqual([4, expect.stringContaining('is stopped. Run ledger start.')]);
  expect(doctor.output).toContain('Postgres and the event store were not checked.');
  await expect(access(path.join(env.LEDGER_DATA_DIR, 'runtime.json'))).rejects.toThrow();
});
