import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { type Product, runLedger, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let env: { LEDGER_DATA_DIR: string; LOG_LEVEL: string };
let product: Product;
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-users-'));
  await copyProductData(dataDir);
  env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
  product = await startProduct(env);
});
afterAll(async () => {
  await stop();
  await rm(env.LEDGER_DATA_DIR, { recursive: true });
});

const stop = async () => {
  product.process.kill('SIGTERM');
  await product.ended;
};

const post = async (what: string, body: object) => {
  const response = await fetch(new URL(`/v1/auth/${what}`, product.demo.baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { organization?: unknown; refreshToken?: string };
  return { status: response.status, ...answer };
};
const logIn = (password: string) => post('login', { email: product.demo.email, password });

test('The demo has an OWNER who can sign in, also after a killed start or an older release', async () => {
  const { email, password, organizationId } = product.demo;
  expect([email, password]).toEqual(['owner@demo.example', expect.stringMatching(/^[\w-]{24}$/)]);
  const owner = { status: 200, organization: { id: organizationId, name: 'Demo Vendor', role: 'OWNER' } };
  expect(await logIn(password)).toMatchObject(owner);

  await stop();
  const file = path.join(env.LEDGER_DATA_DIR, 'demo.json');
  const { email: _, password: __, ...older } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify(older));
  product = await startProduct(env);
  expect(product.demo).toMatchObject({ email, password, organizationId });
  expect(await logIn(password)).toMatchObject(owner);
}, 60_000);

test('A password is reset while the server runs, also twice at once, and all sessions of the user end', async () => {
  const { email, password } = product.demo;
  const { refreshToken } = await logIn(password);
  const reset = () => runLedger(['user', 'reset-password', email.toUpperCase()], env);
  const resets = await Promise.all([reset(), reset()]);
  expect(resets.map(({ code }) => code)).toEqual([0, 0]);
  const passwords = resets.map(({ output }) => /The new password of \S+: (\S+)/.exec(output)?.[1] ?? '');
  for (const newPassword of passwords) expect(newPassword).toMatch(/^[\w-]{24}$/);
  expect((await logIn(password)).status).toBe(401);
  expect((await post('refresh', { refreshToken })).status).toBe(401);
  // The later one wins.
  expect((await Promise.all(passwords.map(logIn))).map(({ status }) => status).sort()).toEqual([200, 401]);
});

test('A password from standard input is set and not printed', async () => {
  const launcher = path.join(process.cwd(), 'bin/ledger.js');
  const args = [launcher, 'user', 'reset-password', product.demo.email, '--stdin'];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  child.stdin.end('seven tall blue pears\n');
  const output = await text(child.stdout);
  expect(output).toContain('The password of owner@demo.example was changed.');
  expect(output).not.toContain('pears');
  expect((await logIn('seven tall blue pears')).status).toBe(200);
});

test('A reset that is not possible is refused with advice', async () => {
  expect(await runCommand(['user', 'reset-password', 'nobody@demo.example'], env)).toMatchObject({
    code: 1,
    output: 'There is no user with the address nobody@demo.example. Nothing was changed. Check the address.\n',
  });
});
