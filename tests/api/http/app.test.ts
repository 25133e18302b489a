import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openFront } from '../../../src/api/front.ts';
import { type AppNeeds, createApp } from '../../../src/api/http/app.ts';
import { createManagement } from '../../../src/api/monitoring/management.ts';
import { createMetrics } from '../../../src/api/monitoring/metrics.ts';
import { none, publicRoute, type Reply, type Route } from '../../../src/api/route.ts';

const failures: unknown[] = [];
const needs: AppNeeds = {
  authenticate: { apiKey: async () => null, user: async () => null },
  stopping: new AbortController().signal,
  waitUntilProjected: async () => true,
  log: { answered: () => undefined, failed: (error) => failures.push(error) },
  metrics: createMetrics(),
  front: openFront,
};

const routeThat = (handle: () => Promise<Reply>, over: Partial<Route> = {}): Route => ({
  ...publicRoute({
    method: 'post',
    path: '/work',
    operationId: 'work',
    summary: 'Works',
    tag: 'Test',
    effect: 'none',
    request: z.object({ params: none, query: none, body: none }),
    replies: { 200: { description: 'Done.', body: none } },
    rejections: [],
    handle,
  }),
  ...over,
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
const listen = async (server: ReturnType<typeof createApp>) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

test('A bug gets a 500 without details, and the log has the error', async () => {
  const error = new Error('canary: select * from vault');
  const baseUrl = await listen(createApp(needs, [routeThat(() => Promise.reject(error))]));
  const response = await fetch(`${baseUrl}/work`, { method: 'POST' });
  const text = await response.text();
  expect([response.status, JSON.parse(text).code]).toEqual([500, 'INTERNAL']);
  expect(text).not.toContain('canary');
  expect(failures).toContain(error);
});

test('A stream that fails midway is cut off, and the log has the error', async () => {
  const error = new Error('the pipe broke');
  const ends: string[] = [];
  const streaming = routeThat(async () => ({ status: 200, body: {} }), {
    answer: async () => ({
      type: 'text/event-stream',
      stream: async (response) => {
        response.write('data: 1\n\n');
        throw error;
      },
      close: () => ends.push('closed'),
    }),
  });
  const baseUrl = await listen(createApp(needs, [streaming]));
  const response = await fetch(`${baseUrl}/work`, { method: 'POST' });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(failures).toContain(error);
  expect(ends).toEqual(['closed']);
});

test('A stream that cannot begin gives its place back', async () => {
  const ends: string[] = [];
  const streaming = routeThat(async () => ({ status: 200, body: {} }), {
    answer: async () => ({ type: 'no\nheader', stream: async () => undefined, close: () => ends.push('closed') }),
  });
  const baseUrl = await listen(createApp({ ...needs, stopping: new AbortController().signal }, [streaming]));
  expect((await fetch(`${baseUrl}/work`, { method: 'POST' })).status).toBe(500);
  expect(ends).toEqual(['closed']);
});

test.each(['57P01', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])('A lost database (%s) gets a 503', async (code) => {
  const lost = Object.assign(new Error('terminating connection'), { code });
  const baseUrl = await listen(createApp(needs, [routeThat(() => Promise.reject(lost))]));
  const response = await fetch(`${baseUrl}/work`, { method: 'POST' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
});

describe('The server does not start with', () => {
  const done = async () => ({ status: 200, body: {} });
  test('an operation that is defined twice', () => {
    expect(() => createApp(needs, [routeThat(done), routeThat(done)])).toThrow(/defined twice/);
    expect(() => createApp(needs, [routeThat(done), routeThat(done, { path: '/other' })])).toThrow(/defined twice/);
  });
  test('an operation that does not declare who may call it', () => {
    const undeclared = JSON.parse('{}');
    expect(() => createApp(needs, [routeThat(done, { access: undeclared })])).toThrow(/does not declare/);
    const unknown = JSON.parse('{"kind":"organization","permission":"readEverything"}');
    expect(() => createApp(needs, [routeThat(done, { access: unknown })])).toThrow(/does not declare/);
  });
});

test('Requests and answers are created with the prototypes of Express, so Express changes none', async () => {
  const original = Object.setPrototypeOf;
  let changed = 0;
  Object.setPrototypeOf = (object: object, prototype: object | null) => {
    if (Object.getPrototypeOf(object) !== prototype) changed += 1;
    return original(object, prototype);
  };
  try {
    const baseUrl = await listen(createApp(needs, [routeThat(async () => ({ status: 200, body: {} }))]));
    changed = 0;
    expect((await fetch(`${baseUrl}/work`, { method: 'POST' })).status).toBe(200);
    expect(changed).toBe(0);
  } finally {
    Object.setPrototypeOf = original;
  }
});

test('Every answer has the headers of helmet and does not reveal Express', async () => {
  const baseUrl = await listen(createApp(needs, []));
  const { headers } = await fetch(`${baseUrl}/nothing`);
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'content-type': 'application/problem+json',
  });
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('etag')).toBeNull();
});

test('The management server shows health, version and metrics', async () => {
  let isReady = false;
  const since = '2026-01-02T03:04:05.000Z';
  const management = createManagement({
    ...needs,
    ready: async () => [
      isReady
        ? { part: 'postgres', state: 'ok' }
        : { part: 'postgres', state: 'failing', reason: 'refused', cause: 'DATABASE_CONNECTION', since },
    ],
    version: { version: '1.2.3' },
  });
  const baseUrl = await listen(management);
  const get = async (path: string) => {
    const response = await fetch(`${baseUrl}${path}`);
    return { status: response.status, text: await response.text() };
  };
  expect(await get('/livez')).toMatchObject({ status: 200 });
  expect(await get('/version')).toEqual({ status: 200, text: '{"version":"1.2.3"}' });
  const down = await get('/readyz');
  expect([down.status, JSON.parse(down.text)]).toMatchObject([
    503,
    { detail: `postgres: refused (since ${since})`, cause: 'DATABASE_CONNECTION', parts: { postgres: 'refused' } },
  ]);
  isReady = true;
  expect((await get('/readyz')).status).toBe(200);
  const { text } = await get('/metrics');
  expect(text).toMatch(/ledger_http_requests_total\{route="version",status="200"\} \d/);
  expect(text).toContain('ledger_http_request_duration_seconds_bucket');
});
