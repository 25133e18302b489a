import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { condition, processesOf, runLedger, startProduct } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { startClient } from './load.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-sessions-'));
const env = { LEDGER_DATA_DIR: dataDir, EXPIRY_SWEEP_SECONDS: '1', LOG_LEVEL: 'error' };

afterAll(async () => {
  await condition('no process is left behind', () => processesOf(dataDir).length === 0);
  rmSync(dataDir, { recursive: true, force: true });
});

test('The product continues under load when all its database sessions are ended again and again', async () => {
  await copyProductData(dataDir);
  const product = await startProduct(env);
  const { databaseUrl } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as { databaseUrl: string };
  const db = new pg.Client({ connectionString: databaseUrl });
  db.on('error', () => {}); // It ends with the product when the test fails.
  await db.connect();
  let running = true;
  const load = Array.from({ length: 6 }, () => startClient(product.demo, () => running));
  const acknowledged = () => load.reduce((sum, client) => sum + client.acknowledged.length, 0);
  for (let round = 0; round < sized(100); round++) {
    const before = acknowledged();
    await db.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where usename = user and pid <> pg_backend_pid()',
    );
    await condition('the load makes progress again', () => acknowledged() > before + load.length, 60_000);
  }
  running = false;
  await Promise.all(load.map(({ done }) => done));
  await db.end();
  await condition('the projection has caught up', async () => {
    const { output } = await runLedger(['verify', '--json'], env);
    return output.includes('"intact":true') && output.includes('"notProjected":0');
  });
  product.process.kill('SIGTERM');
  expect(await product.ended).toBe(0);
}, 600_000);
