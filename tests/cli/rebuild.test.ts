import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { type Product, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let env: { LEDGER_DATA_DIR: string; LOG_LEVEL: string };
let product: Product;
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-rebuild-'));
  await copyProductData(dataDir);
  env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
  product = await startProduct(env);
});
afterAll(async () => {
  product.process.kill('SIGTERM');
  await product.ended;
  await rm(env.LEDGER_DATA_DIR, { recursive: true });
});

const validate = async () => {
  const { baseUrl, licenseKey } = product.demo;
  const response = await fetch(new URL('/v1/licenses/validate', baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ licenseKey, product: 'local_cli' }),
  });
  return [response.status, ((await response.json()) as { code?: string }).code];
};

/** Returns the table that `ledger verify --read-models` prints, without the sentence below it. */
const digests = async () => {
  const { code, output } = await runCommand(['verify', '--read-models'], env);
  expect(output).toContain('Intact:');
  expect(code).toBe(0);
  return output.slice(output.indexOf('table '), output.indexOf('Intact:'));
};

test('The read models of a running server are rebuilt, rolled back and pruned while it answers', {
  timeout: 120_000,
}, async () => {
  const valid = await validate();
  expect(valid).toEqual([200, 'VALID']);
  const before = await digests();
  expect(before).toMatch(/^licenses +org_\w+ +1 +[0-9a-f]{32}$/m);

  const rebuilt = await runCommand(['rebuild', '--projection', 'read-models'], env);
  expect(rebuilt.output).toMatch(/^following +\d+ events$/m);
  expect(rebuilt.output).toMatch(/Version 2 of the read models serves now: \d+ events folded, \d+ streams compared/);
  expect(rebuilt.code).toBe(0);
  expect(await validate()).toEqual(valid);
  expect(await digests()).toEqual(before);

  expect((await runCommand(['rebuild', '--rollback'], env)).output).toContain(
    'Version 1 of the read models serves again',
  );
  expect(await validate()).toEqual(valid);
  expect(await digests()).toEqual(before);
  expect((await runCommand(['rebuild', '--prune'], env)).output).toContain('Version 2 of the read models is dropped.');
  expect((await runCommand(['rebuild', '--prune'], env)).output).toContain('There is no previous version to drop.');
  expect(await validate()).toEqual(valid);
});
