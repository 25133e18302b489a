import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../packages/client/src/client.ts';
import { LedgerProblem, LedgerUnreachable } from '../../packages/client/src/problem.ts';
import { refusal, type Scripted, type Seen, startScripted } from '../support/scripted-api.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.restoreAllMocks();
});

/** Returns a client of a scripted server. The client records its pauses and does not wait. */
const scripted = async (
  script: (seen: Seen, count: number) => Scripted,
  more: Partial<Parameters<typeof createClient>[0]> = {},
) => {
  const server = await startScripted(script);
  stops.push(server.stop);
  const waited: number[] = [];
  const pause = async (ms: number): Promise<void> => {
    waited.push(ms);
  };
  return { client: createClient({ baseUrl: server.url, pause, ...more }), seen: server.seen, waited };
};

const page = { status: 200, body: { data: [], nextCursor: null, hasMore: false } };
const issue = { body: { tier: 'PRO' as const } };

describe('A call', () => {
  test.each([
    refusal(429, 'RATE_LIMITED'),
    { status: 502, body: '<html>Bad gateway</html>' },
    refusal(503, 'UNAVAILABLE'),
    { status: 504, body: '' },
    refusal(409, 'IDEMPOTENCY_IN_FLIGHT'),
    refusal(409, 'CONCURRENT_MODIFICATION'),
  ])('is retried with the same key after the time of Retry-After: $status', async (answer) => {
    const later = { ...answer, headers: { 'retry-after': '7' } };
    const { client, seen, waited } = await scripted((_seen, count) => (count < 4 ? later : { status: 201, body: {} }));
    expect((await client.call('issueLicense', issue)).status).toBe(201);
    expect(waited).toEqual([7000, 7000, 7000]);
    expect(new Set(seen.map(({ key }) => key))).toEqual(new Set([expect.stringMatching(/^[0-9a-f-]{36}$/)]));
  });

  test('doubles its pauses without Retry-After, and gives up after its last attempt', async () => {
    const { client, seen, waited } = await scripted(() => refusal(503, 'UNAVAILABLE'));
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    expect(seen).toHaveLength(4);
    for (const [index, ms] of waited.entries()) {
      expect(ms / (200 * 2 ** index)).toBeGreaterThanOrEqual(0.5);
      expect(ms / (200 * 2 ** index)).toBeLessThan(1.5);
    }
  });

  test('does not wait longer than the client allows', async () => {
    const { client, seen, waited } = await scripted(() => refusal(503, 'UNAVAILABLE', { 'retry-after': '31' }));
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([seen.length, waited]).toEqual([1, []]);
  });

  test.each([
    [500, 'INTERNAL'],
    [409, 'LICENSE_REVOKED'],
    [404, 'LICENSE_NOT_FOUND'],
  ])('is not retried when a retry would get the same answer: %i %s', async (status, code) => {
    const { client, seen } = await scripted(() => refusal(status, code));
    await expect(client.call('issueLicense', issue)).rejects.toMatchObject({ status, code });
    expect(seen).toHaveLength(1);
  });

  test('with If-Match reports a concurrent change at once', async () => {
    const { client, seen } = await scripted(() => refusal(409, 'CONCURRENT_MODIFICATION'));
    const refused = client.call('issueLicense', issue, { ifMatch: '"1"' });
    await expect(refused).rejects.toMatchObject({ code: 'CONCURRENT_MODIFICATION' });
    expect(seen).toHaveLength(1);
  });

  test('counts as unanswered after timeoutMs, in each attempt', async () => {
    const { client, seen } = await scripted(() => 'silence', { tries: 2, timeoutMs: 50 });
    await expect(client.call('listLicenses', {})).rejects.toBeInstanceOf(LedgerUnreachable);
    expect(seen).toHaveLength(2);
  });

  test('adds the wait for events to its timeout', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    const { client } = await scripted(() => page);
    await client.call('listEvents', { query: { wait: 30 } });
    await client.call('listEvents', {});
    expect(timeout.mock.calls).toEqual([[40_000], [10_000]]);
  });

  test('follows no redirect, because another server would get the credential', async () => {
    const elsewhere = await startScripted(() => page);
    stops.push(elsewhere.stop);
    const { client } = await scripted(() => ({ status: 307, headers: { location: `${elsewhere.url}/v1/licenses` } }));
    await expect(client.call('listLicenses', {})).rejects.toBeInstanceOf(LedgerUnreachable);
    expect(elsewhere.seen).toEqual([]);
  });

  test.each([
    [200, '<html>Please sign in to this network</html>'],
    [200, 'null'],
    [200, ''],
    [404, '{"code":404,"detail":"no route"}'],
    [404, '{"code":"ENOENT","detail":"no route"}'],
    [500, '{"code":"X","detail":"d","type":"t","title":"t","requestId":"r","status":404}'],
  ])('with an answer of another server throws a problem with the code of the status: %i %s', async (status, body) => {
    const { client } = await scripted(() => ({ status, body }));
    const refused = await client.call('listLicenses', {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LedgerProblem);
    expect(refused).toMatchObject({ code: `HTTP_${status}`, status });
  });

  test('uses the default for an undefined option', async () => {
    const options: object = { tries: undefined, timeoutMs: undefined, waitMsMax: undefined, pause: undefined };
    const { client, seen } = await scripted(() => refusal(503, 'UNAVAILABLE', { 'retry-after': '0' }), options);
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(seen).toHaveLength(4);
  });

  test.each(['', '.', '..'])('refuses a parameter that would change the path: "%s"', async (licenseId) => {
    const { client, seen } = await scripted(() => page);
    await expect(client.call('getLicense', { params: { licenseId } })).rejects.toBeInstanceOf(TypeError);
    expect(seen).toEqual([]);
  });
});

test('A path in baseUrl is kept, and a query or fragment is refused', async () => {
  const server = await startScripted(() => page);
  stops.push(server.stop);
  for (const path of ['', '/', '/licensing', '/licensing/'])
    await createClient({ baseUrl: server.url + path }).call('listLicenses', { query: { limit: 1 } });
  expect(server.seen.map(({ path }) => path)).toEqual([
    '/v1/licenses?limit=1',
    '/v1/licenses?limit=1',
    '/licensing/v1/licenses?limit=1',
    '/licensing/v1/licenses?limit=1',
  ]);
  for (const baseUrl of [
    '',
    'example.com',
    'https://example.com/?a=b',
    'https://example.com/#a',
    'https://a@example.com',
  ])
    expect(() => createClient({ baseUrl })).toThrow(TypeError);
});

describe('Tokens', () => {
  const first = { accessToken: 'a1', refreshToken: 'r1' };
  const isRefresh = ({ path }: Seen): boolean => path === '/v1/auth/refresh';
  /** Starts a server that accepts only the newest access token. `renewal` returns its answer to a refresh. */
  const withTokens = async (renewal: (count: number) => Scripted) => {
    const kept: string[] = [];
    const renewals: Seen[] = [];
    const { client, seen } = await scripted(
      (request) => {
        if (isRefresh(request)) return renewal(renewals.push(request));
        return request.authorization === 'Bearer a1' ? refusal(401, 'TOKEN_EXPIRED') : page;
      },
      {
        tries: 1,
        credentials: { kind: 'user', tokens: first, onTokens: ({ refreshToken }) => void kept.push(refreshToken) },
      },
    );
    return { client, kept, renewals, seen };
  };
  const renewed = { status: 200, body: { accessToken: 'a2', refreshToken: 'r2' } };

  test('are renewed once for many requests with the same expired token', async () => {
    const { client, kept, renewals } = await withTokens(() => renewed);
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.call('listLicenses', {})));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect([renewals.length, kept]).toEqual([1, ['r2']]);
  });

  test('are replaced in a retried request, which keeps its Idempotency-Key', async () => {
    const { client, seen } = await withTokens(() => renewed);
    await client.call('issueLicense', issue);
    const sent = seen.filter((request) => !isRefresh(request));
    expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer a1', 'Bearer a2']);
    expect(sent[1]?.key).toBe(sent[0]?.key);
  });

  test('are renewed again with the same token after a lost answer', async () => {
    const { client, kept, renewals } = await withTokens((count) => (count < 3 ? { status: 504 } : renewed));
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'HTTP_504' });
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'HTTP_504' });
    expect((await client.call('listLicenses', {})).status).toBe(200);
    expect(renewals.map(({ body }) => body)).toEqual(Array(3).fill('{"refreshToken":"r1"}'));
    expect(kept).toEqual(['r2']);
  });

  test('are renewed within the time in which the server accepts a retry', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    const waited: number[] = [];
    const pause = async (ms: number): Promise<void> => {
      waited.push(ms);
    };
    const { client } = await scripted(
      (request) => (isRefresh(request) ? { status: 504 } : refusal(401, 'TOKEN_EXPIRED')),
      { pause, credentials: { kind: 'user', tokens: first } },
    );
    await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code: 'HTTP_504' });
    const [, ...ofRenewal] = timeout.mock.calls.flat();
    const total = [...ofRenewal.slice(0, -1), ...waited].reduce((sum, ms) => sum + ms, 0);
    expect([ofRenewal.length, waited.length]).toEqual([4, 3]);
    expect(total).toBeLessThan(10_000);
  });

  test.each([
    ['UNAUTHENTICATED', refusal(401, 'UNAUTHENTICATED')],
    ['HTTP_200', { status: 200, body: 'Please sign in to this network' }],
    ['HTTP_200', { status: 200, body: { accessToken: 'a2' } }],
  ])('stay the same when their renewal fails, and the call throws that failure: %s', async (code, answer) => {
    const { client, kept, renewals } = await withTokens(() => answer);
    for (let count = 1; count <= 2; count++) {
      await expect(client.call('listLicenses', {})).rejects.toMatchObject({ code });
      expect(renewals).toHaveLength(count);
      expect(renewals[0]?.body).toBe('{"refreshToken":"r1"}');
    }
    expect(kept).toEqual([]);
  });

  test('are not used before onTokens has stored them, and a failed store gets the same tokens again', async () => {
    let isFull = true;
    const onTokens = () => {
      if (isFull) throw new Error('disk full');
    };
    const { client, seen } = await scripted(
      (request) =>
        isRefresh(request) ? renewed : request.authorization === 'Bearer a1' ? refusal(401, 'TOKEN_EXPIRED') : page,
      { credentials: { kind: 'user', tokens: first, onTokens } },
    );
    await expect(client.call('listLicenses', {})).rejects.toThrow('disk full');
    expect(seen.filter(({ authorization }) => authorization === 'Bearer a2')).toEqual([]);
    isFull = false;
    expect((await client.call('listLicenses', {})).status).toBe(200);
    const renewals = seen.filter(isRefresh);
    expect(renewals[1]).toEqual(renewals[0]);
  });

  test('are waited for until the signal of the call is aborted, and by other calls longer', async () => {
    let give: (accessToken: string) => void = () => undefined;
    const renew = vi.fn(() => new Promise<string>((resolve) => (give = resolve)));
    const { client } = await scripted(
      ({ authorization }) => (authorization === 'Bearer a1' ? refusal(401, 'TOKEN_EXPIRED') : page),
      { credentials: { kind: 'accessToken', accessToken: 'a1', renew } },
    );
    const stop = new AbortController();
    const stopped = client.call('listLicenses', {}, { signal: stop.signal });
    const patient = client.call('listLicenses', {});
    await vi.waitFor(() => expect(renew).toHaveBeenCalledOnce());
    stop.abort(new Error('no longer needed'));
    await expect(stopped).rejects.toThrow('no longer needed');
    give('a2');
    expect((await patient).status).toBe(200);
    expect(renew).toHaveBeenCalledOnce();
  });
});
