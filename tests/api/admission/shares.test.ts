import { Agent, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { shares, strangerShare } from '../../../src/api/admission/shares.ts';
import { openFront } from '../../../src/api/front.ts';
import { type AppNeeds, createApp } from '../../../src/api/http/app.ts';
import { createMetrics } from '../../../src/api/monitoring/metrics.ts';
import { clientRoute, none, publicRoute, type Reply, type Route, route } from '../../../src/api/route.ts';
import type { Tier } from '../../../src/domain/license/policy.ts';
import { scopes } from '../../../src/domain/organization/events.ts';
import { admissionOf } from '../../support/limits.ts';

/** The work of one request, which ends when the test says so. */
type Work = { readonly tenant: string; readonly end: () => void };

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server with routes whose work waits. API keys name their organization: `lgr_<name>`. */
const startServer = async (tierOf: (organizationId: string) => Tier = () => 'FREE', needs: Partial<AppNeeds> = {}) => {
  const work: Work[] = [];
  const shape = {
    summary: 'Works',
    tag: 'Test',
    effect: 'none',
    request: z.object({ params: none, query: none, body: z.unknown().optional() }),
    replies: { 200: { description: 'Done.', body: none } },
    rejections: [],
  } as const;
  const waitFor = (tenant: string): Promise<Reply> =>
    new Promise((resolve) => work.push({ tenant, end: () => resolve({ status: 200, body: {}, position: 1n }) }));
  const routes: readonly Route[] = [
    route({
      ...shape,
      method: 'post',
      path: '/work',
      operationId: 'work',
      permission: 'readLicenses',
      handle: (_, { caller }) => waitFor(caller.organizationId),
    }),
    clientRoute({
      ...shape,
      method: 'post',
      path: '/use',
      operationId: 'use',
      permission: 'useLicenses',
      handle: (_, call) => {
        call.actsFor('org_a');
        return waitFor(call.headers.authorization ?? '');
      },
    }),
    {
      ...route({
        ...shape,
        method: 'post',
        path: '/stream',
        operationId: 'stream',
        permission: 'readLicenses',
        handle: () => waitFor('stream'),
      }),
      answer: async () => ({
        type: 'text/event-stream',
        stream: (response) => new Promise((resolve) => response.once('close', () => resolve())),
        close: () => undefined,
      }),
    },
    publicRoute({
      ...shape,
      method: 'post',
      path: '/open',
      operationId: 'open',
      handle: (_, call) => waitFor(call.clientIp()),
    }),
  ];
  const server = createApp(
    {
      authenticate: {
        apiKey: async (text) => ({
          kind: 'apiKey',
          ...{ apiKeyId: text, organizationId: text.replace('lgr_', 'org_'), scopes: [...scopes], products: null },
        }),
        user: async () => null,
      },
      stopping: new AbortController().signal,
      waitUntilProjected: async () => true,
      log: { answered: () => undefined, failed: () => undefined },
      metrics: createMetrics(),
      front: {
        ...openFront,
        trustProxy: 1,
        admission: admissionOf(async (organizationId) => tierOf(organizationId), atOnce, longTurns),
      },
      ...needs,
    },
    routes,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agent = new Agent({ keepAlive: true });
  closing.push(() => {
    for (const one of work) one.end();
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** Sends a request with this credential. `abort` closes its connection. */
  const send = (path: string, headers: Record<string, string>) => {
    const sent = sendRequest({ port, path, method: 'POST', agent, headers });
    const begun = new Promise<void>((resolve) => sent.once('response', () => resolve()));
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.once('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, code: JSON.parse(text).code }),
        );
      });
    });
    answer.catch(() => undefined);
    sent.end();
    return { answer, begun, abort: () => sent.destroy() };
  };
  const as = (tenant: string, path = '/work') => send(path, { authorization: `Bearer lgr_${tenant}` });
  const worksFor = (tenant: string) => work.filter((one) => one.tenant === tenant).length;
  return { as, send, work, worksFor };
};

type Answer = { readonly status: number | undefined; readonly headers: object; readonly code: unknown };

/** Waits until a condition holds. */
const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 10_000, interval: 2 });
const turnsAlone = (tier: Tier) => shares[tier].aloneMax / 16;
const turnsShared = (tier: Tier) => shares[tier].sharedMax / 16;
// No turn ends before its request does.
const longTurns = { command: 60_000, read: 60_000 };
/** A clock that stands still: who has once sent a request stays active. */
const atOnce = () => 0;

test('An organization fills its share, and a request of another one is answered before its queue ends', async () => {
  const { as, work, worksFor } = await startServer();
  const sent = Array.from({ length: 60 }, () => as('a'));
  await until(() => worksFor('org_a') === turnsAlone('FREE'));
  const other = as('b');
  await until(() => worksFor('org_b') === 1);
  work.find(({ tenant }) => tenant === 'org_b')?.end();
  expect((await other.answer).status).toBe(200);
  // Meanwhile no further request of the first one began.
  expect(worksFor('org_a')).toBe(turnsAlone('FREE'));
  let ended = 0;
  while (ended < sent.length) {
    await until(() => worksFor('org_a') > ended);
    for (const one of work.filter(({ tenant }) => tenant === 'org_a').slice(ended, ended + 1)) one.end();
    ended += 1;
  }
  expect(new Set((await Promise.all(sent.map(({ answer }) => answer))).map(({ status }) => status))).toEqual(
    new Set([200]),
  );
});

test('Requests beyond the share are refused with RATE_LIMITED, Retry-After and the standard headers', async () => {
  const { as, worksFor } = await startServer();
  const { presentMax } = shares.FREE;
  const sent = Array.from({ length: presentMax + 1 }, () => as('a'));
  const refused = await Promise.race(sent.map(({ answer }) => answer));
  expect(refused).toMatchObject({
    status: 429,
    code: 'RATE_LIMITED',
    headers: {
      'retry-after': '1',
      'ratelimit-policy': `"share";q=${presentMax};qu="concurrent-requests"`,
      ratelimit: '"share";r=0;t=1',
    },
  });
  as('b');
  await until(() => worksFor('org_b') === 1);
});

test('A higher tier has more turns', async () => {
  const { as, worksFor } = await startServer((id) => (id === 'org_free' ? 'FREE' : 'ENTERPRISE'));
  // The first request of an organization makes its tier known.
  for (const tenant of ['free', 'large']) as(tenant);
  await until(() => worksFor('org_free') === 1 && worksFor('org_large') === 1);
  for (let at = 0; at < 40; at += 1) for (const tenant of ['free', 'large']) as(tenant);
  await until(() => worksFor('org_large') === turnsShared('ENTERPRISE'));
  await until(() => worksFor('org_free') === turnsShared('FREE'));
});

test('Clients that leave free their places in the queue', async () => {
  const statuses: number[] = [];
  const log = { answered: ({ status }: { status: number }) => statuses.push(status), failed: () => undefined };
  const { as, work, worksFor } = await startServer(undefined, { log });
  const running = turnsAlone('FREE');
  for (let at = 0; at < running; at += 1) as('a');
  await until(() => worksFor('org_a') === running);
  const waiting = Array.from({ length: shares.FREE.presentMax - running + 1 }, () => as('a'));
  await until(() => statuses.includes(429));
  for (const { abort } of waiting) abort();
  await until(() => statuses.length === waiting.length);
  as('a');
  work[0]?.end();
  await until(() => worksFor('org_a') === running + 1);
  expect(statuses.filter((status) => status === 429)).toHaveLength(1);
});

test('A license key counts for its issuer, and an unknown one for the address of the client', async () => {
  const { as, send, worksFor, work } = await startServer();
  const byKey = (key: string, address: string) =>
    send('/use', { authorization: `License ${key}`, 'x-forwarded-for': address });
  const first = byKey('key', '10.0.0.1');
  await until(() => worksFor('License key') === 1);
  work[0]?.end();
  await first.answer;
  // The organization fills its share with its own credential.
  for (let at = 0; at < turnsAlone('FREE'); at += 1) as('a');
  await until(() => worksFor('org_a') === turnsAlone('FREE'));
  byKey('key', '10.0.0.2');
  byKey('other key', '10.0.0.3');
  await until(() => worksFor('License other key') === 1);
  // The key is known to be of that organization, so it waits.
  expect(worksFor('License key')).toBe(1);
});

test('Strangers are told apart by their addresses', async () => {
  const { send, worksFor } = await startServer();
  for (let at = 0; at < 20; at += 1) send('/open', { 'x-forwarded-for': '10.0.0.1' });
  send('/open', { 'x-forwarded-for': '10.0.0.2' });
  await until(() => worksFor('10.0.0.2') === 1);
  expect(worksFor('10.0.0.1')).toBe(strangerShare.sharedMax / 16);
});

test('The check of a credential that was refused needs a turn of its address again', async () => {
  const checks: (() => void)[] = [];
  let isRevoked = false;
  const apiKey = async (text: string) => {
    if (isRevoked) await new Promise<void>((resolve) => checks.push(resolve));
    const organizationId = text.replace('lgr_', 'org_');
    const key = { apiKeyId: text, organizationId, scopes: [...scopes], products: null };
    return isRevoked ? null : ({ kind: 'apiKey', ...key } as const);
  };
  const { as, send, work } = await startServer(undefined, { authenticate: { apiKey, user: async () => null } });
  const works = as('a');
  await until(() => work.length === 1);
  work[0]?.end();
  await works.answer;
  isRevoked = true;
  const refused = as('a');
  await until(() => checks.length === 1);
  checks[0]?.();
  expect((await refused.answer).status).toBe(401);
  const sent = Array.from({ length: 20 }, () => as('a'));
  const turns = strangerShare.sharedMax / 16;
  await until(() => checks.length === 1 + turns);
  // Another address has a turn of its own.
  sent.push(send('/work', { authorization: 'Bearer lgr_a', 'x-forwarded-for': '10.0.0.2' }));
  await until(() => checks.length === 2 + turns);
  for (let at = 1; at <= sent.length; at += 1) {
    await until(() => checks.length > at);
    checks[at]?.();
  }
  const answers = await Promise.all(sent.map(({ answer }) => answer));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
});

test('A stream that has begun takes no place of the requests of its tenant', async () => {
  const { as, worksFor } = await startServer();
  const streams = Array.from({ length: shares.FREE.presentMax }, () => as('a', '/stream'));
  await Promise.all(streams.map(({ begun }) => begun));
  as('a');
  await until(() => worksFor('org_a') === 1);
  for (const { abort } of streams) abort();
});

test('A client that sends its body slowly has no turn', async () => {
  const { as, send, worksFor } = await startServer();
  const slow = Array.from({ length: 20 }, () =>
    send('/work', { authorization: 'Bearer lgr_a', 'content-length': '5' }),
  );
  as('a');
  await until(() => worksFor('org_a') === 1);
  for (const { abort } of slow) abort();
});

test('An answer that waits for the projector has no turn', async () => {
  const { as, work, worksFor } = await startServer(undefined, { waitUntilProjected: () => new Promise(() => {}) });
  const running = turnsAlone('FREE');
  for (let at = 0; at < 2 * running; at += 1) as('a');
  await until(() => worksFor('org_a') === running);
  for (const one of work) one.end();
  await until(() => worksFor('org_a') === 2 * running);
});
