import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testInFull } from '../support/in-full.ts';
import { copyStackData } from '../support/prepared.ts';
import { condition, type Product, processesOf, runLedger, startProduct } from '../support/product.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-product-'));
const env = { LEDGER_DATA_DIR: dataDir, EXPIRY_SWEEP_SECONDS: '1' };
const stop = async (product: Product) => {
  product.process.kill('SIGTERM');
  expect(await product.ended).toBe(0);
  await condition('no process is left', () => processesOf(dataDir).length === 0);
};
const validate = async ({ demo }: Product) => {
  const response = await fetch(`${demo.baseUrl}/v1/licenses/validate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ licenseKey: demo.licenseKey, product: 'local_cli' }),
  });
  return (await response.json()) as { code: string; valid: boolean };
};
const expiries = async ({ demo }: Product) => {
  const response = await fetch(`${demo.baseUrl}/v1/licenses/${demo.licenseId}/history`, {
    headers: { authorization: `Bearer ${demo.apiKey}` },
  });
  const { data } = (await response.json()) as { data: { type: string; effectiveAt: string; recordedAt: string }[] };
  return data.filter(({ type }) => type === 'LicenseExpired');
};

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

// The short run tries it on the other versions of Node.
testInFull(
  'The demo starts a server when none runs, takes a license through its life and verifies the log',
  async () => {
    const { code, output } = await runLedger(['demo'], { ...env, PORT: '0', MANAGEMENT_PORT: '0', LOG_LEVEL: 'warn' });
    expect(output).toMatch(/the scheduled sweep announced it[\s\S]*LicenseRevoked[\s\S]*Intact: \d+ events/);
    expect(code).toBe(0);
    await condition('no process is left', () => processesOf(dataDir).length === 0);
  },
  120_000,
);

describe('A running product', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(env);
  }, 60_000);

  test('answers the curl command that it printed', async () => {
    expect(product.output()).toContain(`${product.demo.baseUrl}/v1/licenses/validate`);
    expect(product.output()).toContain(product.demo.licenseKey);
    expect(await validate(product)).toMatchObject({ valid: true, code: 'VALID' });
  });

  test('has the three products of the demo, and a policy of each tier for them', async () => {
    const list = async (what: string) => {
      const headers = { authorization: `Bearer ${product.demo.apiKey}` };
      const response = await fetch(`${product.demo.baseUrl}/v1/${what}`, { headers });
      const { data } = (await response.json()) as { data: { code: string; tier: string; products: string[] }[] };
      return data;
    };
    const codes = ['local_cli', 'cloud_ide', 'workflow_app'];
    expect(new Set((await list('products')).map(({ code }) => code))).toEqual(new Set(codes));
    const policies = await list('policies');
    expect(new Set(policies.map(({ tier }) => tier))).toEqual(new Set(['FREE', 'TRIAL', 'PRO', 'ENTERPRISE']));
    for (const { products } of policies) expect(products).toEqual(codes);
  });

  test('keeps the files of its first start, readable by their owner only', () => {
    expect(product.demo.licenseId).toMatch(/^lic_[0-9a-z]{26}$/);
    for (const file of ['demo.json', 'secrets.json', 'runtime.json']) {
      expect(statSync(join(dataDir, file)).mode & 0o777, file).toBe(0o600);
    }
  });

  test('refuses a second start on the same data directory in one line, and continues', async () => {
    const second = await runLedger(['start'], { ...env, PORT: '0', MANAGEMENT_PORT: '0' });
    expect(second).toMatchObject({ code: 1, output: expect.stringMatching(/already running on .* \(process \d+\)/) });
    expect(second.output.trim().split('\n')).toHaveLength(1);
    expect(await validate(product)).toMatchObject({ code: 'VALID' });
  });

  testInFull(
    'refuses a taken port with a sentence that names it, and leaves no process',
    async () => {
      const other = mkdtempSync(join(tmpdir(), 'ledger-port-'));
      await copyStackData(other);
      const port = new URL(product.demo.baseUrl).port;
      const refused = await runLedger(['start'], { LEDGER_DATA_DIR: other, PORT: port, MANAGEMENT_PORT: '0' });
      expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(`127.0.0.1:${port} is in use`) });
      await condition('no process is left', () => processesOf(other).length === 0);
      rmSync(other, { recursive: true });
    },
    60_000,
  );

  test('cannot be reset while it runs', async () => {
    expect(await runLedger(['reset', '--yes'], env)).toMatchObject({
      code: 1,
      output: expect.stringContaining('already running'),
    });
    expect(await validate(product)).toMatchObject({ code: 'VALID' });
  });

  test('finds a row that was changed by hand with verify, which exits with 3', async () => {
    expect(await runLedger(['verify'], env)).toMatchObject({ code: 0, output: expect.stringContaining('Intact') });
    const { databaseUrl } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as { databaseUrl: string };
    const db = new pg.Client({ connectionString: databaseUrl, options: '-c role=ledger_projector' });
    await db.connect();
    const change = 'update rm.licenses set activations = activations + $2 where license_id = $1';
    await db.query(change, [product.demo.licenseId, 1]);
    const { code, output } = await runLedger(['verify'], env);
    await db.query(change, [product.demo.licenseId, -1]);
    await db.end();
    expect(output).toMatch(new RegExp(`^ROWS_DIFFER at stream license-${product.demo.licenseId}, `, 'm'));
    expect(output).toContain('NOT INTACT: 1 finding among');
    expect(code).toBe(3);
    expect(await runLedger(['verify', '--json'], env)).toMatchObject({
      code: 0,
      output: expect.stringContaining('"intact":true'),
    });
  }, 60_000);

  test('stops with a reason when its database dies, and starts again on the same data', async () => {
    const postgres = processesOf(dataDir).find((line) => line.includes('postgres -D'));
    process.kill(Number.parseInt(postgres ?? '', 10), 'SIGKILL');
    expect(await product.ended).toBe(1);
    expect(product.output()).toMatch(/Postgres was ended by SIGKILL/);
    await condition('no process is left', () => processesOf(dataDir).length === 0);
    product = await startProduct(env);
    expect(await validate(product)).toMatchObject({ code: 'VALID' });
  }, 60_000);

  test('announces everything that fell due in an outage of two years, once and at its instant', async () => {
    await stop(product);
    const twoYears = String(2 * 365 * 86_400);
    const traveling = { ...env, LEDGER_CLOCK_OFFSET_SECONDS: twoYears, LEDGER_CLOCK_CHECK: 'off' };
    product = await startProduct(traveling);
    expect(await validate(product)).toMatchObject({ valid: false, code: 'EXPIRED' });
    // On a busy machine the sweep of the start may fail, and the next one comes after half a minute.
    await condition('a sweep announced it', async () => (await expiries(product)).length > 0, 90_000);
    await stop(product);
    product = await startProduct(traveling);
    const [announced, ...more] = await expiries(product);
    expect(more).toEqual([]);
    expect(Date.parse(announced?.recordedAt ?? '') - Date.parse(announced?.effectiveAt ?? '')).toBeGreaterThan(
      300 * 86_400_000,
    );
  }, 120_000);

  test('ends on SIGTERM with all its processes, and reset removes its data afterwards', async () => {
    await stop(product);
    const refused = await runLedger(['reset'], env);
    expect(refused).toMatchObject({ code: 5, output: expect.stringContaining(`key in ${dataDir} (`) });
    expect(existsSync(join(dataDir, 'demo.json'))).toBe(true);
    expect(await runLedger(['reset', '--yes'], env)).toMatchObject({ code: 0 });
    expect(existsSync(join(dataDir, 'demo.json'))).toBe(false);
  });
});
