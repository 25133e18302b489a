import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../packages/client/src/client.ts';
import { LedgerProblem, LedgerUnreachable } from '../../packages/client/src/problem.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const vendor = () =>
  createClient({ baseUrl: ledger.baseUrl, credentials: { kind: 'apiKey', apiKey: ledger.a.apiKey } });

type Failing = (
  count: number,
  path: string,
) => { readonly status: number; readonly headers?: Record<string, string>; readonly body: object } | 'drop';

/** Starts a proxy before the server. It answers the first requests itself, or drops their answers. */
const between = async (fail: Failing) => {
  const seen: { method: string; path: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const key = request.headers['idempotency-key'];
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        key: key === undefined ? undefined : String(key),
      });
      const own = fail(seen.length, request.url ?? '');
      if (own !== 'drop' && own.status !== 0) {
        response.writeHead(own.status, own.headers).end(JSON.stringify(own.body));
        return;
      }
      const forwarded = await fetch(`${ledger.baseUrl}${request.url}`, {
        method: request.method ?? 'GET',
        headers: Object.entries(request.headers).flatMap(([name, value]) =>
          typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
            ? [[name, value] as [string, string]]
            : [],
        ),
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const text = await forwarded.text();
      // The server has carried out the request, and its answer is lost.
      if (own === 'drop') request.socket.destroy();
      else response.writeHead(forwarded.status, { 'content-type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const through = { status: 0, body: {} };
const issue = { tier: 'PRO' as const, products: ['local_cli'] };

test('A client sends the device token of an account with its next login, in upper or lower case', async () => {
  const deviceTokens = new Map<string, string>();
  const client = createClient({ baseUrl: ledger.baseUrl, deviceTokens });
  const account = { email: 'Device@vendor.example', password: 'four small green apples' };
  const { data: signedUp } = await client.call('signUp', { body: { ...account, organizationName: 'Acme' } });
  expect([...deviceTokens]).toEqual([['device@vendor.example', signedUp.deviceToken]]);
  const logIn = async (by: typeof client) => (await by.call('logIn', { body: account })).data.deviceToken;
  expect(await logIn(client)).toBe(signedUp.deviceToken);
  const other = createClient({ baseUrl: ledger.baseUrl });
  const first = await logIn(other);
  expect(first).not.toBe(signedUp.deviceToken);
  expect(await logIn(other)).toBe(first);
});

describe('A call', () => {
  test('returns the body and the values of the headers', async () => {
    const issued = await vendor().call('issueLicense', { body: issue });
    expect(issued).toMatchObject({ status: 201, etag: '"1"', position: expect.stringMatching(/^\d+$/) });
    const { id } = issued.data.license;
    const read = await vendor().call(
      'getLicense',
      { params: { licenseId: id } },
      { minPosition: issued.position ?? '' },
    );
    expect(read.data).toEqual({ ...issued.data.license, lastValidatedAt: null, recentValidations: [] });
    const validated = await createClient({ baseUrl: ledger.baseUrl }).call('validateLicense', {
      body: { licenseKey: issued.data.licenseKey, product: 'local_cli' },
    });
    expect(validated.data.code).toBe('VALID');
  });

  test('that is refused throws the problem with its code and is not retried', async () => {
    const { url, seen } = await between(() => through);
    const client = createClient({ baseUrl: url, credentials: { kind: 'apiKey', apiKey: ledger.a.apiKey } });
    const refused = client.call('getLicense', { params: { licenseId: 'lic_01h455vb4pex5vsknk084sn02q' } });
    await expect(refused).rejects.toBeInstanceOf(LedgerProblem);
    await expect(refused).rejects.toMatchObject({ code: 'LICENSE_NOT_FOUND', status: 404 });
    expect(seen).toHaveLength(1);
  });

  test('with a lost answer is retried with the same key and carried out once', async () => {
    const { url, seen } = await between((count) => (count === 1 ? 'drop' : through));
    const client = createClient({ baseUrl: url, credentials: { kind: 'apiKey', apiKey: ledger.a.apiKey } });
    const { data } = await client.call('issueLicense', { body: { ...issue, externalRef: 'lost-answer' } });
    expect(seen).toHaveLength(2);
    expect(seen[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen[1]?.key).toBe(seen[0]?.key);
    const page = await vendor().call('listLicenses', { query: { externalRef: 'lost-answer' } });
    expect(page.data.data.map(({ id }) => id)).toEqual([data.license.id]);
  });

  test('without any answer throws an error that says so', async () => {
    const { url } = await between(() => through);
    for (const close of closing.splice(0)) close();
    const client = createClient({ baseUrl: url, tries: 2 });
    await expect(client.call('validateLicense', { body: {} })).rejects.toBeInstanceOf(LedgerUnreachable);
  });

  test('stops when its signal aborts', async () => {
    const busy = { status: 503, headers: { 'retry-after': '20' }, body: {} };
    const { url, seen } = await between(() => busy);
    const stop = new AbortController();
    const call = createClient({ baseUrl: url }).call('validateLicense', { body: {} }, { signal: stop.signal });
    await expect.poll(() => seen.length).toBe(1);
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

test('A list is read to its end, page by page', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    ids.push((await vendor().call('issueLicense', { body: { ...issue, externalRef: 'paged' } })).data.license.id);
  }
  const listed: string[] = [];
  for await (const { id } of vendor().each('listLicenses', { query: { externalRef: 'paged', limit: 2 } }))
    listed.push(id);
  expect(listed).toEqual(ids.toReversed());
});

test('A session continues when the answer to its renewal was lost', async () => {
  const signup = { email: 'lost@example.com', password: 'correct horse battery', organizationName: 'Lost Ltd' };
  const { data } = await createClient({ baseUrl: ledger.baseUrl }).call('signUp', { body: signup });
  let isLost = false;
  const { url, seen } = await between((_count, path) => {
    if (path !== '/v1/auth/refresh' || isLost) return through;
    isLost = true;
    return 'drop';
  });
  const tokens = { accessToken: data.accessToken, refreshToken: data.refreshToken };
  const client = createClient({ baseUrl: url, tries: 1, credentials: { kind: 'user', tokens } });
  ledger.clock.aheadMs = 2 * 3_600_000;
  try {
    await expect(client.call('me', {})).rejects.toBeInstanceOf(LedgerUnreachable);
    expect((await client.call('me', {})).data.user.email).toBe(signup.email);
    expect(seen.filter(({ path }) => path === '/v1/auth/refresh')).toHaveLength(2);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});
