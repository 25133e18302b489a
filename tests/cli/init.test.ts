import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack } from '../../src/embedded/stack.ts';
import { eventStoreProgram } from '../support/compiled.ts';
import { copyStackData } from '../support/prepared.ts';
import { type Started, startLedgerProcess } from '../support/product.ts';

// Servers that are given by URL, before anything was created in them.
let dataDir: string;
let stack: Awaited<ReturnType<typeof startStack>>;
let env: Record<string, string>;
let api: Started;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-init-'));
  await copyStackData(dataDir);
  stack = await startStack({ dataDir, program: eventStoreProgram });
  env = {
    DATABASE_URL: stack.databaseUrl,
    EVENTSTORE_URL: stack.eventStoreUrl,
    LEDGER_SECRET: randomBytes(32).toString('base64'),
    LEDGER_DATA_DIR: path.join(dataDir, 'unused'),
  };
}, 120_000);
afterAll(async () => {
  api?.process.kill('SIGTERM');
  await api?.ended;
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const values = ['--organization', 'Example Software', '--email', 'ann@vendor.example'];

/** Runs `ledger init` in a pipe. Its output and its messages are apart. */
const init = async (args: readonly string[], input = '', more: Record<string, string> = {}) => {
  const child = spawn(process.execPath, ['bin/ledger.js', 'init', ...args], {
    env: { ...process.env, ...env, ...more },
  });
  child.stdin.end(input);
  const [output, messages, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  return { code, output, messages };
};

const post = async (where: string, body: object, key?: string) => {
  const response = await fetch(new URL(where, api.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { code?: string; organization?: object; license?: object };
  return { status: response.status, ...answer };
};

test('Missing and wrong values are named together, before anything is done', async () => {
  const missing = await init([]);
  expect(missing).toMatchObject({ code: 2, output: '' });
  for (const name of ['--organization <name>', 'LEDGER_INIT_EMAIL', '--password-stdin', 'LEDGER_INIT_PASSWORD_FILE'])
    expect(missing.messages).toContain(name);
  const wrong = await init(['--organization', ' ', '--email', 'ann', '--password-stdin'], 'short\n');
  expect(wrong).toMatchObject({ code: 2, output: '' });
  expect(wrong.messages).toMatch(/must be an e-mail address[\s\S]*A password has 10 to 256/);
}, 60_000);

test('Two at once create one organization without a running server, and its secrets work', async () => {
  const [one, two] = await Promise.all([
    init([...values, '--generate-password', '--json']),
    init([...values, '--generate-password', '--json']),
  ]);
  expect([one.code, two.code].sort()).toEqual([0, 5]);
  const [created, refused] = one.code === 0 ? [one, two] : [two, one];
  expect(refused.output).toBe('');
  expect(refused.messages).toMatch(/ledger init has created the first organization on .*Nothing was changed\./);
  const { password, apiKey, organizationId, signupMode } = JSON.parse(created.output);
  expect(created.messages).not.toContain(password);
  expect(signupMode).toBe('closed');

  api = await startLedgerProcess([], env);
  const email = 'ann@vendor.example';
  const signedIn = await post('/v1/auth/login', { email, password });
  expect(signedIn.organization).toMatchObject({ id: organizationId, name: 'Example Software', role: 'OWNER' });
  expect((await post('/v1/products', { code: 'my_app', name: 'My app' }, apiKey)).status).toBe(201);
  expect((await post('/v1/licenses', { tier: 'PRO', products: ['my_app'] }, apiKey)).status).toBe(201);
  const stranger = { email: 'eve@vendor.example', password: 'four small green apples' };
  expect(await post('/v1/auth/signup', stranger)).toMatchObject({ status: 403, code: 'SIGNUP_CLOSED' });
}, 120_000);

test('Without configured servers and data, it creates the embedded data', async () => {
  const embedded = {
    DATABASE_URL: '',
    EVENTSTORE_URL: '',
    LEDGER_SECRET: '',
    LEDGER_DATA_DIR: path.join(dataDir, 'new'),
  };
  const created = await init([...values, '--generate-password', '--json'], '', embedded);
  expect(created).toMatchObject({ code: 0, messages: '' });
  expect(JSON.parse(created.output)).toMatchObject({
    organizationId: expect.stringMatching(/^org_/),
    signupMode: 'open',
  });
}, 120_000);

test('Next to a running server, an interrupted attempt is continued with the values of the environment', async () => {
  // As after a kill between the appends and the print.
  const db = new pg.Client({ connectionString: stack.databaseUrl });
  await db.connect();
  await db.query('set role ledger_owner; update ops.first_organization set done_at = null');
  await db.end();
  const file = path.join(dataDir, 'password');
  await writeFile(file, 'seven tall blue pears\n');
  const environment = {
    LEDGER_INIT_ORGANIZATION: 'Example Software',
    LEDGER_INIT_EMAIL: 'ann@vendor.example',
    LEDGER_INIT_PASSWORD_FILE: file,
  };
  expect(await init(['--organization', 'Another'], '', environment)).toMatchObject({ code: 2, output: '' });
  const again = await init([], '', environment);
  expect(again).toMatchObject({ code: 0, messages: '' });
  expect(again.output).toContain('Created "Example Software" with an OWNER and an API key.');
  expect(again.output).not.toContain('pears');
  const login = { email: 'ann@vendor.example', password: 'seven tall blue pears' };
  expect((await post('/v1/auth/login', login)).status).toBe(200);
}, 60_000);
