import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack } from '../../src/embedded/stack.ts';
import { eventStoreProgram } from '../support/compiled.ts';
import { openStream } from '../support/feed.ts';
import { type OwnRedisDatabase, takeRedisDatabase } from '../support/own-redis-database.ts';
import { copyStackData } from '../support/prepared.ts';
import { condition, processesOf, runLedger, type Started, startLedgerProcess } from '../support/product.ts';
import { createVendor } from '../support/vendor.ts';

// The product on servers that are given by URL, as on a KurrentDB cluster, Postgres and Redis; here the embedded servers
// are started by hand and play the given ones.
const dataDir = mkdtempSync(join(tmpdir(), 'ledger-servers-'));
const secret = randomBytes(32).toString('base64');
const redisUrl = process.env.TEST_REDIS_URL;
if (!redisUrl) console.log('Servers mode was not tested with Redis: TEST_REDIS_URL is not set.');

let stack: Awaited<ReturnType<typeof startStack>>;
let redis: OwnRedisDatabase | null = null;
let env: Record<string, string>;
const running: Started[] = [];

const startRoles = async (roles: string) => {
  const started = await startLedgerProcess(['--roles', roles], env);
  running.push(started);
  return started;
};
const stopAll = () =>
  Promise.all(
    running.splice(0).map(({ process: child, ended }) => {
      child.kill('SIGTERM');
      return ended;
    }),
  );

beforeAll(async () => {
  await copyStackData(dataDir);
  stack = await startStack({ dataDir, program: eventStoreProgram });
  redis = redisUrl ? await takeRedisDatabase(redisUrl) : null;
  env = {
    DATABASE_URL: stack.databaseUrl,
    EVENTSTORE_URL: stack.eventStoreUrl,
    LEDGER_SECRET: secret,
    LEDGER_DATA_DIR: join(dataDir, 'unused'),
    EXPIRY_SWEEP_SECONDS: '1',
    ...(redis && { REDIS_URL: redis.url }),
  };
}, 60_000);
afterAll(async () => {
  await stopAll();
  await stack.stop();
  await redis?.drop();
  await condition('no process is left', () => processesOf(dataDir).length === 0);
  rmSync(dataDir, { recursive: true, force: true });
});

describe('Two API processes, two projectors and two workers on separate servers', () => {
  let apiKey: string;
  let urls: readonly string[];
  const post = async (url: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const issue = async (body: object = {}) => {
    const { body: answer } = await post(urls[0] ?? '', '/v1/licenses', {
      tier: 'PRO',
      products: ['local_cli'],
      ...body,
    });
    return { id: (answer.license as { id: string }).id, key: String(answer.licenseKey) };
  };

  beforeAll(async () => {
    const background = await Promise.all([startRoles('projector,worker'), startRoles('worker,projector')]);
    expect(background.map(({ url }) => url)).toEqual(['', '']);
    const apis = await Promise.all([startRoles('api'), startRoles('api')]);
    urls = apis.map(({ url }) => url);
    apiKey = await createVendor({ databaseUrl: stack.databaseUrl, eventStoreUrl: stack.eventStoreUrl, secret });
  }, 120_000);

  test('accept five of forty parallel activations on a license for five', async () => {
    const { key } = await issue();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, device) =>
        post(urls[device % 2] ?? '', '/v1/licenses/activate', { licenseKey: key, fingerprint: `device-${device}` }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(35);
    for (const { status, body } of refused) expect([status, body.code]).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
  });

  test('give five of a hundred concurrent requests a seat when there are five', async () => {
    const { key } = await issue({ limits: { seats: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, holder) =>
        post(urls[holder % 2] ?? '', '/v1/licenses/leases', { licenseKey: key, leaseHolder: `machine-${holder}` }),
      ),
    );
    const outcomes = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()).sort();
    expect(outcomes).toEqual([...Array<string>(5).fill('201'), ...Array<string>(95).fill('409 SEAT_LIMIT_EXCEEDED')]);
  });

  test('carry out a request once when its Idempotency-Key is sent a hundred times and replies are lost', async () => {
    const { id, key } = await issue({ limits: { activations: 1_000 } });
    const requests = [
      { path: '/v1/licenses', body: { tier: 'PRO', products: ['local_cli'], externalRef: 'one-effect' } },
      { path: `/v1/licenses/${id}/renew`, body: { duration: 'P1M' } },
      { path: '/v1/licenses/activate', body: { licenseKey: key, fingerprint: 'one device', name: 'build-7' } },
      { path: `/v1/licenses/${id}/rotate-key`, body: { overlapSeconds: 86_400, reason: { code: 'LEAKED' } } },
      { path: '/v1/api-keys', body: { name: 'CI', scopes: ['licenses:read'] } },
    ];
    for (const { path, body } of requests) {
      const headers = {
        ...(path === '/v1/licenses/activate' ? {} : { authorization: `Bearer ${apiKey}` }),
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      };
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          insistently(`${urls[index % 2]}${path}`, headers, body, index % 3 === 0),
        ),
      );
      expect(
        [...new Set(answers)].map((each) => each.slice(0, 300)),
        path,
      ).toHaveLength(1);
      expect([200, 201], path).toContain(Number(answers[0]?.slice(0, 3)));
    }
    const read = async (path: string) => {
      const response = await fetch(`${urls[0]}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
      return (await response.json()) as { data: { name?: string; type?: string }[] };
    };
    expect((await read('/v1/licenses?externalRef=one-effect')).data).toHaveLength(1);
    const types = (await read(`/v1/licenses/${id}/history`)).data.map(({ type }) => type);
    expect(types.slice(2)).toEqual(['LicenseRenewed', 'ActivationRecorded', 'LicenseKeyRotated']);
    expect((await read('/v1/api-keys')).data.filter(({ name }) => name === 'CI')).toHaveLength(1);
  }, 120_000);

  test('let a client read a change of one process from the other', async () => {
    for (let write = 0; write < 20; write++) {
      const headers = {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        prefer: 'respond-async',
      };
      const body = JSON.stringify({ tier: 'PRO', products: ['local_cli'] });
      const written = await fetch(`${urls[0]}/v1/licenses`, { method: 'POST', headers, body });
      const { license } = (await written.json()) as { license: { id: string } };
      const position = written.headers.get('ledger-position') ?? '';
      const read = await fetch(`${urls[1]}/v1/licenses/${license.id}`, {
        headers: { authorization: `Bearer ${apiKey}`, 'ledger-min-position': position },
      });
      expect(read.status).toBe(200);
    }
  });

  test('refuse a key that the other process revoked, and end its streams, long before what they remember ends', async () => {
    const { body: made } = await post(urls[0] ?? '', '/v1/api-keys', { name: 'short', scopes: ['events:read'] });
    const authorization = { authorization: `Bearer ${made.secret}` };
    const statusAt = async (url: string) => (await fetch(`${url}/v1/events`, { headers: authorization })).status;
    for (const url of urls) await condition('the key works', async () => (await statusAt(url)) === 200);
    const stream = await openStream({ baseUrl: urls[1] ?? '' }, { key: String(made.secret) });
    let hasEnded = false;
    const ended = (async () => {
      while ((await stream.next()) !== null);
      hasEnded = true;
    })();
    const { id } = made.apiKey as { id: string };
    const revoked = await fetch(`${urls[0]}/v1/api-keys/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(revoked.status).toBe(200);
    await condition('the other process refuses the key', async () => (await statusAt(urls[1] ?? '')) === 401, 10_000);
    await condition('the stream ends', () => hasEnded, 10_000);
    await ended;
  }, 60_000);

  test('announce an expiry once', async () => {
    const { id } = await issue({ term: { duration: 'PT2S' } });
    const announcements = async () => {
      const headers = { authorization: `Bearer ${apiKey}` };
      const response = await fetch(`${urls[1]}/v1/licenses/${id}/history`, { headers });
      const { data } = (await response.json()) as { data: { type: string }[] };
      return data.filter(({ type }) => type === 'LicenseExpired');
    };
    await condition('the expiry is announced', async () => (await announcements()).length > 0);
    expect(await announcements()).toHaveLength(1);
  });

  test('count validations and devices together, and lose none when a process is told to stop', async () => {
    const { id, key } = await issue();
    const fingerprint = 'counted-device';
    const activated = await post(urls[0] ?? '', '/v1/licenses/activate', { licenseKey: key, fingerprint });
    const stopping = await startRoles('api');
    const named = { licenseKey: key, fingerprint, product: 'local_cli', version: '2.0.0' };
    const validated = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        post(index % 2 === 0 ? stopping.url : (urls[0] ?? ''), '/v1/licenses/validate', named),
      ),
    );
    expect(validated.filter(({ body }) => body.valid === true)).toHaveLength(40);
    running.splice(running.indexOf(stopping), 1);
    stopping.process.kill('SIGTERM');
    expect(await stopping.ended).toBe(0);
    const read = async (path: string) => {
      const headers = { authorization: `Bearer ${apiKey}` };
      const response = await fetch(`${urls[1]}/v1/licenses/${id}/${path}`, { headers });
      return ((await response.json()) as { data: Record<string, unknown>[] }).data;
    };
    const counted = async () => (await read('validations')).reduce((sum, day) => sum + Number(day.validations), 0);
    await condition('both processes have written', async () => (await counted()) === 40);
    const [device] = await read('activations');
    const { activatedAt } = activated.body.activation as { activatedAt: string };
    expect(device).toMatchObject({ lastVersion: '2.0.0', lastProduct: 'local_cli' });
    expect(String(device?.lastSeenAt) > activatedAt).toBe(true);
  }, 60_000);

  test('pass ledger verify, and stop on a signal', async () => {
    const verified = async () => (await runLedger(['verify', '--json'], env)).output;
    await condition('everything is projected', async () => (await verified()).includes('"notProjected":0'));
    expect(await runLedger(['verify'], env)).toMatchObject({ code: 0 });
    expect(await stopAll()).toEqual([0, 0, 0, 0]);
  }, 60_000);
});

test('Only one of the two URLs is refused with a sentence', async () => {
  const refused = await runLedger(['start'], { DATABASE_URL: stack.databaseUrl, LEDGER_DATA_DIR: dataDir });
  expect(refused).toMatchObject({
    code: 2,
    output: expect.stringMatching(/DATABASE_URL is set and EVENTSTORE_URL is not/),
  });
});

/**
 * Sends until it is answered with something else than to come again later: status and body. `drops`: the first
 * reply is thrown away with its connection as soon as the request is out, as a broken network does.
 */
const insistently = async (
  url: string,
  headers: Record<string, string>,
  body: object,
  drops: boolean,
): Promise<string> => {
  if (drops) await sendAndHangUp(url, headers, JSON.stringify(body));
  for (;;) {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 503 && !text.includes('IDEMPOTENCY_IN_FLIGHT')) return `${response.status} ${text}`;
  }
};

const sendAndHangUp = (url: string, headers: Record<string, string>, body: string): Promise<void> =>
  new Promise((resolve) => {
    const sent = request(url, { method: 'POST', headers, agent: false });
    sent.on('error', () => {});
    sent.on('close', resolve);
    sent.on('finish', () => sent.socket?.destroy());
    sent.end(body);
  });
