import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createCors } from '../../../src/api/http/cors.ts';
import { createExpressServer } from '../../../src/api/http/express-server.ts';
import { createRespond } from '../../../src/api/http/respond.ts';
import { securityHeaders } from '../../../src/api/http/security-headers.ts';
import { problem } from '../../../src/api/problems/problems.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that marks its answers for these origins, and answers what is no preflight as the API does. */
const serve = async (origins: readonly string[]) => {
  const { app, server } = createExpressServer();
  const respond = createRespond(securityHeaders());
  const cors = createCors(origins);
  app.use((request, response, next) => {
    if (cors?.(request, response) !== true) next();
  });
  app.get('/things', (_request, response) => respond.json(response, 200, '{}', { 'Ledger-Position': '7' }));
  app.use((_request, response) =>
    respond.problem(response, problem('METHOD_NOT_ALLOWED', 'GET only.'), { Allow: 'GET' }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (method: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/things`, { method, headers });
};

const app = 'https://app.example.com';

test('A configured origin may read answers and their headers, without cookies', async () => {
  const answer = await (await serve(['https://other.example.com', app]))('GET', { origin: app });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe(app);
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  expect(answer.headers.get('vary')).toBe('Origin');
  expect(answer.headers.get('access-control-expose-headers')?.split(',').sort()).toEqual([
    'ETag',
    'Idempotent-Replayed',
    'Ledger-Position',
    'Ledger-Projected',
    'Link',
    'Location',
    'RateLimit',
    'RateLimit-Policy',
    'Retry-After',
    'X-Request-Id',
  ]);
  // What the answer has anyway is still there, once.
  expect(answer.headers.get('ledger-position')).toBe('7');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-type')).toBe('application/json');
});

test('A configured origin may also read refusals', async () => {
  const answer = await (await serve([app]))('DELETE', { origin: app });
  expect([answer.status, answer.headers.get('allow'), answer.headers.get('access-control-allow-origin')]).toEqual([
    405,
    'GET',
    app,
  ]);
});

test('A similar origin gets no access, and caches keep the two apart', async () => {
  const send = await serve([app]);
  const others = [
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://APP.example.com',
    'null',
    '*',
  ];
  for (const origin of [...others, 'https://sub.app.example.com', 'https://app.example.com:444']) {
    const answer = await send('GET', { origin });
    expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([null, 'Origin']);
  }
  expect((await send('GET', {})).headers.get('vary')).toBe('Origin');
});

test('A preflight is answered before the method is refused, and a plain OPTIONS is not a preflight', async () => {
  const send = await serve([app]);
  const preflight = {
    origin: app,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-evil',
  };
  const answer = await send('OPTIONS', preflight);
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect(answer.headers.get('access-control-allow-origin')).toBe(app);
  expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
  expect(answer.headers.get('access-control-allow-headers')).toMatch(/Authorization.*Idempotency-Key/);
  // Only fetch can follow the stream of events with a credential, and so has to say by itself where it was.
  expect(answer.headers.get('access-control-allow-headers')?.split(',')).toContain('Last-Event-ID');
  expect(answer.headers.get('access-control-allow-headers')).not.toContain('evil');
  expect(answer.headers.get('access-control-max-age')).toBe('600');
  const foreign = await send('OPTIONS', { ...preflight, origin: 'https://evil.example' });
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  expect((await send('OPTIONS', { origin: app })).status).toBe(405);
});

test('Without configured origins there are no CORS headers, and preflights are refused', async () => {
  expect(createCors([])).toBeNull();
  const send = await serve([]);
  const answer = await send('GET', { origin: app });
  expect([...answer.headers.keys()].filter((name) => /^(access-control|vary)/.test(name))).toEqual([]);
  expect((await send('OPTIONS', { origin: app, 'access-control-request-method': 'POST' })).status).toBe(405);
});
