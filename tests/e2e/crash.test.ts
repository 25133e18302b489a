import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, processesOf, runLedger, startProduct } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { startClient, type Target } from './load.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-crash-'));
const env = { LEDGER_DATA_DIR: dataDir, EXPIRY_SWEEP_SECONDS: '1' };
// The short run has one of either kind.
const kills = sized(50, 2);
const clients = 8;
const minutes = 60_000;

afterAll(async () => {
  await condition('no process is left behind', () => processesOf(dataDir).length === 0);
  rmSync(dataDir, { recursive: true, force: true });
});

test(`Killing the product ${kills} times under load neither loses nor doubles an acknowledged command`, {
  timeout: kills * 30_000 + 2 * minutes,
}, async () => {
  await copyProductData(dataDir);
  let product = await startProduct(env);
  const target: Target = { baseUrl: product.demo.baseUrl, apiKey: product.demo.apiKey };
  let running = true;
  const load = Array.from({ length: clients }, () => startClient(target, () => running));

  for (let kill = 1; kill <= kills; kill++) {
    const before = acknowledgedBy(load);
    await condition('the load makes progress', () => acknowledgedBy(load) > before + clients);
    await delay(Math.random() * 400);
    slay(product, kill);
    await product.ended;
    await condition('its children have ended', () => processesOf(dataDir).length === 0);
    product = await startProduct(env);
    target.baseUrl = product.demo.baseUrl;
  }
  running = false;
  await Promise.all(load.map(({ done }) => done));

  for (const { licenseId, acknowledged } of load) {
    expect(await historyOf(target, licenseId() ?? '')).toEqual(acknowledged);
  }
  expect(await runLedger(['verify'], env)).toMatchObject({ code: 0 });

  product.process.kill('SIGTERM');
  expect(await product.ended).toBe(0);
});

// Odd kills end the parent only, and its children must notice. Even kills end all processes, like a power cut.
const slay = (product: Product, kill: number) => {
  if (kill % 2 === 0) {
    for (const line of processesOf(dataDir)) killQuietly(Number.parseInt(line, 10));
  }
  product.process.kill('SIGKILL');
};

const killQuietly = (pid: number) => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const acknowledgedBy = (load: readonly { acknowledged: readonly string[] }[]) =>
  load.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);

const historyOf = async ({ baseUrl, apiKey }: Target, licenseId: string): Promise<string[]> => {
  const types: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await fetch(`${baseUrl}/v1/licenses/${licenseId}/history?limit=100&order=asc${query}`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const page = (await response.json()) as { data: { type: string }[]; nextCursor: string | null };
    types.push(...page.data.map(({ type }) => type));
    cursor = page.nextCursor;
    if (cursor === null) return types;
  }
};
