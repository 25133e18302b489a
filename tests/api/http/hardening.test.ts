import { Agent } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sendAny, sendRaw } from '../../support/raw-http.ts';

let ledger: Ledger;
let owner: string;
beforeAll(async () => {
  ledger = await startLedger();
  owner = (await ledger.createMember(ledger.a.organizationId, 'OWNER')).accessToken;
});
afterAll(() => ledger.stop());

const files = [
  '/openapi.json',
  '/problems',
  '/docs',
  '/docs/start.js',
  '/docs/swagger-ui.css',
  '/style.css',
  '/docs/examples.json',
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'];
/** A path of the route, with an id of the right kind where it has a parameter. */
const pathOf = (path: string) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'licenseId' ? 'lic_01h455vb4pex5vsknk084sn02q' : '01h455vb4pex5vsknk084sn02q',
  );
const bearer = () => ({ authorization: `Bearer ${owner}` });
/** Nobody learns more about the server than this, and browsers are told to do nothing with the answer. */
const expectGuarded = (headers: Readonly<Record<string, unknown>>) => {
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  });
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('server');
};

describe('Methods', () => {
  test('Every path refuses unsupported methods and names the supported ones', async () => {
    const byPath = new Map(files.map((path) => [path, ['GET', 'HEAD']]));
    for (const { path, method } of ledger.routes) {
      const taken = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
      byPath.set(path, [...(byPath.get(path) ?? []), ...taken]);
    }
    for (const [path, taken] of byPath) {
      for (const method of methods.filter((each) => !taken.includes(each))) {
        const { status, headers, text } = await sendAny(ledger.baseUrl, { method, path: pathOf(path) });
        const allow = String(headers.allow).split(', ').sort();
        expect([method, path, status, allow]).toEqual([method, path, 405, [...taken].sort()]);
        if (method !== 'HEAD') expect(JSON.parse(text)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
        expectGuarded(headers);
      }
    }
  });

  test('HEAD gets the answer of GET without the body', async () => {
    for (const path of ['/livez', '/v1/licenses', `/v1/licenses/${'x'.repeat(40)}`, ...files]) {
      const [get, head] = [
        await sendAny(ledger.baseUrl, { path, headers: bearer() }),
        await sendAny(ledger.baseUrl, { method: 'HEAD', path, headers: bearer() }),
      ];
      expect([head.status, head.text]).toEqual([get.status, '']);
      expect(Object.keys(head.headers).sort()).toEqual(Object.keys(get.headers).sort());
      expect(head.headers['content-length']).toBe(get.headers['content-length']);
    }
  });
});

describe('Every operation with a body', () => {
  const withBody = () => ledger.routes.filter(({ request }) => request.shape.body !== undefined);
  const exampleOf = (route: Ledger['routes'][number]) =>
    z.object({ example: z.record(z.string(), z.unknown()) }).parse(route.request.shape.body?.meta()).example;
  const send = (route: Ledger['routes'][number], body: string | Uint8Array, headers: Record<string, string> = {}) =>
    sendAny(ledger.baseUrl, {
      method: route.method.toUpperCase(),
      path: pathOf(route.path),
      headers: { ...bearer(), 'content-type': 'application/json', ...headers },
      body,
    });
  /** What each of the operations answers, by its id. */
  const answersTo = async (
    make: (example: Record<string, unknown>) => [string | Uint8Array, Record<string, string>?],
  ) => {
    const outcomes: Record<string, string> = {};
    for (const route of withBody()) {
      const { status, text, headers } = await send(route, ...make(exampleOf(route)));
      expectGuarded(headers);
      expect(headers['content-type']).toBe('application/problem+json');
      outcomes[route.operationId] = `${status} ${JSON.parse(text).code}`;
    }
    return outcomes;
  };
  const all = (outcome: string) => Object.fromEntries(withBody().map(({ operationId }) => [operationId, outcome]));
  const json = (value: unknown) => JSON.stringify(value);
  const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  test.each([
    ['an unknown field', (example: object) => json({ ...example, teir: 1 })],
    ['__proto__', (example: object) => json(example).replace(/^\{/, '{"__proto__":{"isAdmin":true},')],
    ['constructor', (example: object) => json({ ...example, constructor: { prototype: {} } })],
    ['more than 32 levels', () => nested(40)],
    ['thousands of levels', () => nested(40_000)],
    ['an array of more than a thousand elements', (example: object) => json({ ...example, a: Array(1_001).fill(0) })],
    ['a string of more than 4 kB', (example: object) => json({ ...example, a: 'x'.repeat(4_097) })],
    ['an array instead of an object', (example: object) => json([example])],
    ['invalid JSON', () => '{"a":'],
    ['invalid UTF-8', () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['half a surrogate pair', () => '{"a":"\\ud800"}'],
    ['NUL', () => '{"a":"\\u0000"}'],
  ])('refuses %s', async (_name, make) => {
    expect(await answersTo((example) => [make(example)])).toEqual(all('400 INVALID_REQUEST'));
  });

  test('refuses more than 100 kB, and more than 560 kB of usage', async () => {
    const large = (texts: number) => json({ a: Array.from({ length: texts }, () => 'x'.repeat(4_000)) });
    const tooLarge = all('413 BODY_TOO_LARGE');
    expect(await answersTo(() => [large(30)])).toEqual({ ...tooLarge, recordUsage: '400 INVALID_REQUEST' });
    expect(await answersTo(() => [large(150)])).toEqual(tooLarge);
  });

  test('accepts only uncompressed JSON in UTF-8', async () => {
    const unsupported = all('415 UNSUPPORTED_MEDIA_TYPE');
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
    for (const type of [...types, 'application/json; charset=utf-16', 'application/jsonp', 'text/json'])
      expect(await answersTo((example) => [json(example), { 'content-type': type }])).toEqual(unsupported);
    expect(await answersTo((example) => [json(example), { 'content-type': '' }])).toEqual(unsupported);
    const zipped = { 'content-encoding': 'gzip' };
    expect(await answersTo((example) => [gzipSync(json(example)), zipped])).toEqual(unsupported);
    expect(await answersTo(() => [Buffer.from([0x1f, 0x8b, 0, 1, 2, 3]), zipped])).toEqual(unsupported);
  });

  test('leaves the prototype of objects unchanged', () => {
    expect('isAdmin' in {}).toBe(false);
  });
});

test('Every operation refuses unknown and repeated query parameters', async () => {
  for (const { method, path, request, operationId } of ledger.routes) {
    const { query } = request.shape;
    const known = query instanceof z.ZodObject ? Object.keys(query.shape) : [];
    const queries = ['unknown=1', '__proto__=1', 'a[b]=1', ...known.map((name) => `${name}=1&${name}=1`)];
    for (const each of queries) {
      const { status, text } = await sendAny(ledger.baseUrl, {
        method: method.toUpperCase(),
        path: `${pathOf(path)}?${each}`,
        headers: { ...bearer(), 'content-type': 'application/json' },
      });
      expect([operationId, each, status, JSON.parse(text).code]).toEqual([operationId, each, 400, 'INVALID_REQUEST']);
    }
  }
});

describe('Malformed HTTP', () => {
  /** Status and problem of what was sent raw. */
  const refusalOf = async (bytes: string | Buffer) => {
    const text = await sendRaw(ledger.baseUrl, bytes);
    const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(/: (.*)/s).slice(0, 2))
        .map(([name = '', value]) => [name.toLowerCase(), value]),
    );
    return { status: Number(head.slice(9, 12)), headers, body };
  };
  const expectProblem = async (bytes: string | Buffer, status: number) => {
    const before = ledger.logged.length;
    const refusal = await refusalOf(bytes);
    expect(refusal.status).toBe(status);
    expect(JSON.parse(refusal.body)).toMatchObject({ status, code: 'INVALID_REQUEST', detail: expect.any(String) });
    expect(refusal.headers).toMatchObject({ 'content-type': 'application/problem+json', connection: 'close' });
    expectGuarded(refusal.headers);
    const requestId = refusal.headers['x-request-id'];
    expect(JSON.parse(ledger.logged.slice(before).at(-1) ?? '')).toMatchObject({ route: 'none', status, requestId });
  };

  test('Headers and URLs of more than 16 kB are refused', async () => {
    await expectProblem(`GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`, 431);
    await expectProblem(`GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431);
    const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: 1\r\n`).join('');
    await expectProblem(`GET /livez HTTP/1.1\r\nHost: x\r\n${many}\r\n`, 431);
  });

  test('A long URL within the limit is an unknown path or parameter', async () => {
    const long = await sendAny(ledger.baseUrl, { path: `/${'x'.repeat(12_000)}` });
    expect([long.status, JSON.parse(long.text).code]).toEqual([404, 'NOT_FOUND']);
    expect(long.text.length).toBeLessThan(500);
    const query = await sendAny(ledger.baseUrl, { path: `/livez?${'a=1&'.repeat(3_000)}` });
    expect([query.status, JSON.parse(query.text).code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test.each([
    ['garbage', 'what is this\r\n\r\n'],
    ['TLS on the plain port', Buffer.from([0x16, 0x03, 0x01, 0x00, 0xc8, 0x01, 0x00, 0x00, 0xc4, 0x03, 0x03])],
    [
      'both a length and chunks',
      'POST /v1/licenses HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST /v1/licenses HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a negative length', 'POST /v1/licenses HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['a name with a space before its colon', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Sly : 1\r\n\r\n'],
    ['a folded header', 'GET /livez HTTP/1.1\r\nX-Sly: 1\r\n folded\r\nHost: x\r\n\r\n'],
    ['NUL in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Sly: a\0b\r\n\r\n'],
    ['an unknown method', 'STEAL /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['the version HTTP/3.0', 'GET /livez HTTP/3.0\r\nHost: x\r\n\r\n'],
  ])('A request with %s is refused and its connection closed', async (_name, bytes) => {
    await expectProblem(bytes, 400);
  });

  test('Endless chunk extensions are refused', async () => {
    const start = 'POST /v1/licenses/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    await expectProblem(`${start}1;${'x'.repeat(20_000)}`, 413);
  });

  test('A request without a host is refused, and no tunnel is opened', async () => {
    expect((await refusalOf('GET /livez HTTP/1.1\r\n\r\n')).status).toBe(400);
    expect(await sendRaw(ledger.baseUrl, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n')).toBe('');
  });

  test('A URL in absolute form is answered by its path, whatever its host', async () => {
    const lines = 'Host: evil.example\r\nConnection: close\r\n';
    const found = await refusalOf(`GET http://evil.example/livez HTTP/1.1\r\n${lines}\r\n`);
    expect([found.status, found.body]).toEqual([200, '{"status":"ok"}']);
    const list = await refusalOf(
      `GET http://evil.example/v1/licenses?limit=1 HTTP/1.1\r\n${lines}Authorization: Bearer ${owner}\r\n\r\n`,
    );
    expect(list.status).toBe(200);
    expect(JSON.stringify(list)).not.toContain('evil');
  });

  test('Bytes after a refused body are not read as another request', async () => {
    const hidden = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';
    const text = await sendRaw(
      ledger.baseUrl,
      `POST /v1/licenses HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n${hidden}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text.split('HTTP/1.1 ')).toHaveLength(2);
  });

  test.each([
    ['GET', '/nothing-here'],
    ['POST', '/nothing-here'],
    ['PUT', '/v1/licenses'],
    ['DELETE', '/openapi.json'],
    ['GET', '/openapi.json'],
    ['GET', '/problems'],
  ])('A connection stays open after %s %s', async (method, path) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await sendAny(ledger.baseUrl, { method, path, agent });
    const second = await sendAny(ledger.baseUrl, { path: '/livez', agent });
    agent.destroy();
    expect([first.headers.connection, second.port]).toEqual(['keep-alive', first.port]);
  });

  test('A connection serves a thousand requests and is then closed', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports: number[] = [];
    for (let count = 0; count <= 1_000; count += 1) {
      const { status, port } = await sendAny(ledger.baseUrl, { path: '/livez', agent });
      expect(status).toBe(200);
      ports.push(port);
    }
    agent.destroy();
    expect(new Set(ports.slice(0, 1_000)).size).toBe(1);
    expect(ports[1_000]).not.toBe(ports[0]);
  });
});

test('A connection is closed after its thousandth answer, even when the client ignores that', async () => {
  const text = await sendRaw(ledger.baseUrl, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_500));
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1_000);
  expect(text.match(/Connection: close/g)).toHaveLength(1);
});
