import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack } from '../../src/embedded/stack.ts';
import { eventStoreProgram } from '../support/compiled.ts';
import { copyStackData } from '../support/prepared.ts';
import { condition, processesOf, type Started, startLedgerProcess } from '../support/product.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { createVendor } from '../support/vendor.ts';

// Two API processes of the product, which count in one Redis that this test pauses and kills.
if (!hasRedis) console.log('Limits of two processes were not tested with Redis: redis-server is not installed.');

const quota = 20;
const dataDir = mkdtempSync(join(tmpdir(), 'ledger-limits-'));
let stack: Awaited<ReturnType<typeof startStack>>;
let redis: TestRedis;
let apiKey: string;
let urls: readonly string[];
const running: Started[] = [];

const post = async (url: string, path: string, body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const newKey = async () => {
  const issued = await post(
    urls[0] ?? '',
    '/v1/licenses',
    { tier: 'PRO', products: ['local_cli'] },
    { authorization: `Bearer ${apiKey}` },
  );
  return String(issued.body.licenseKey);
};
/** Sends many concurrent validations of one key to both processes in turn and returns their statuses. */
const validateOften = (licenseKey: string, times: number) =>
  Promise.all(
    Array.from({ length: times }, async (_, index) => {
      const { status } = await post(urls[index % 2] ?? '', '/v1/licenses/validate', { licenseKey });
      return status;
    }),
  );
const howMany = (statuses: readonly number[], wanted: number) => statuses.filter((status) => status === wanted).length;

describe.runIf(hasRedis)('Two API processes with one Redis', () => {
  beforeAll(async () => {
    await copyStackData(dataDir);
    [stack, redis] = await Promise.all([startStack({ dataDir, program: eventStoreProgram }), startRedis()]);
    const secret = randomBytes(32).toString('base64');
    const env = {
      DATABASE_URL: stack.databaseUrl,
      EVENTSTORE_URL: stack.eventStoreUrl,
      LEDGER_SECRET: secret,
      LEDGER_DATA_DIR: join(dataDir, 'unused'),
      REDIS_URL: redis.url,
      DEFAULT_TIER: 'ENTERPRISE',
      RATE_LIMITS: `validate=${quota}/3600,enterprise=30/3600`,
    };
    const start = async (roles: string) => {
      const started = await startLedgerProcess(['--roles', roles], env);
      running.push(started);
      return started.url;
    };
    await start('projector');
    urls = await Promise.all([start('api'), start('api')]);
    apiKey = await createVendor({ databaseUrl: stack.databaseUrl, eventStoreUrl: stack.eventStoreUrl, secret });
  }, 120_000);
  afterAll(async () => {
    for (const { process: child } of running) child.kill('SIGTERM');
    await Promise.all(running.map(({ ended }) => ended));
    await redis.stop();
    await stack.stop();
    await condition('no process is left', () => processesOf(dataDir).length === 0);
    rmSync(dataDir, { recursive: true, force: true });
  });
  const countedTogether = async () => {
    const statuses = await validateOften(await newKey(), 2 * quota + 10);
    return howMany(statuses, 200) === quota && howMany(statuses, 429) === quota + 10;
  };

  test('allow a key as many validations as one process does', async () => {
    await condition('both count in Redis', countedTogether);
  });

  test('answer every validation while Redis hangs or is dead, and each counts for itself', async () => {
    const licenseKey = await newKey();
    redis.process.kill('SIGSTOP');
    expect(howMany(await validateOften(licenseKey, 2 * quota), 200)).toBe(2 * quota);
    expect(howMany(await validateOften(licenseKey, 10), 429)).toBe(10);
    await redis.stop();
    const other = await newKey();
    expect(howMany(await validateOften(other, 2 * quota), 200)).toBe(2 * quota);
    expect(howMany(await validateOften(other, 10), 429)).toBe(10);
    for (const url of urls) expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('count together again when Redis is back', async () => {
    await redis.restart();
    await condition('both count in Redis', countedTogether);
  });

  test('share the limit of an organization and show it on every answer', async () => {
    let left = Number.POSITIVE_INFINITY;
    await condition('the ceiling is reached', async () => {
      const headers = { authorization: `Bearer ${apiKey}` };
      const response = await fetch(`${urls[0]}/v1/licenses`, { headers });
      left = Number(/"enterprise";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
      return response.status === 429;
    });
    expect(left).toBe(0);
    const refused = await fetch(`${urls[1]}/v1/licenses`, { headers: { authorization: `Bearer ${apiKey}` } });
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  });
});
