import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { password, sessionRequests } from './session-requests.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const { signUp, me, logIn } = sessionRequests(() => ledger);

type Sent = { readonly cookie?: string; readonly body?: object; readonly headers?: Record<string, string> };

/** Sends a request as the console does: from a page of the server itself, with the cookie that the browser keeps. */
const send = async (method: 'POST' | 'PATCH' | 'DELETE', { cookie, body, headers = {} }: Sent = {}) => {
  const answer = await ledger.call(method, '/v1/auth/browser-session', {
    body,
    headers: { origin: ledger.baseUrl, ...(cookie === undefined ? {} : { cookie }), ...headers },
  });
  const set = answer.headers.get('set-cookie');
  return { ...answer, set, cookie: set?.split(';')[0] ?? '' };
};

const signIn = async () => {
  const user = await signUp();
  const opened = await send('POST', { body: { email: user.email, password } });
  expect(opened.status).toBe(200);
  return { user, ...opened };
};

describe('A session of a browser', () => {
  test('has its refresh token in a cookie that only its own path gets and no script reads', async () => {
    const { user, body, set } = await signIn();
    expect(body).toMatchObject({ tokenType: 'Bearer', user: { id: user.userId }, organization: { role: 'OWNER' } });
    expect(JSON.stringify(body)).not.toContain('lgr_rt_');
    expect(JSON.stringify(body)).not.toContain('lgr_dt_');
    const { port } = new URL(ledger.baseUrl);
    expect(set).toMatch(
      new RegExp(
        `^ledger-session-${port}=lgr_rt_[\\w-]{43}\\.lgr_dt_[\\w-]{43}; Path=/v1/auth/browser-session; Max-Age=15552000; HttpOnly; SameSite=Strict$`,
      ),
    );
    expect((await me(String(body.accessToken))).status).toBe(200);
  });

  test('goes on with each refresh, also when two tabs refresh at once', async () => {
    const { cookie } = await signIn();
    const tabs = await Promise.all([send('PATCH', { cookie, body: {} }), send('PATCH', { cookie, body: {} })]);
    expect(tabs.map(({ status }) => status)).toEqual([200, 200]);
    expect(tabs[0].cookie).toBe(tabs[1].cookie);
    expect(tabs[0].cookie).not.toBe(cookie);
    const next = await send('PATCH', { cookie: tabs[0].cookie, body: {} });
    expect([next.status, (await me(String(next.body.accessToken))).status]).toEqual([200, 200]);
  });

  test('ends with the sign-out, and the device stays known', async () => {
    const { cookie, body, user } = await signIn();
    const ended = await send('DELETE', { cookie });
    expect(ended.status).toBe(204);
    expect(ended.cookie).toMatch(/=\.lgr_dt_[\w-]{43}$/);
    expect((await me(String(body.accessToken))).status).toBe(401);
    expect((await send('PATCH', { cookie, body: {} })).status).toBe(401);
    const again = await send('POST', { cookie: ended.cookie, body: { email: user.email, password } });
    expect(again.status).toBe(200);
  });

  test('signs out without a session, and the answer removes an empty cookie', async () => {
    const ended = await send('DELETE');
    expect([ended.status, ended.set]).toMatchObject([204, expect.stringContaining('Max-Age=0')]);
  });

  test('ends when its token is used a second time, and the cookie loses the token', async () => {
    const { cookie } = await signIn();
    const second = await send('PATCH', { cookie, body: {} });
    const third = await send('PATCH', { cookie: second.cookie, body: {} });
    const reused = await send('PATCH', { cookie, body: {} });
    expect([reused.status, reused.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(reused.cookie).toMatch(/=\.lgr_dt_/);
    expect((await send('PATCH', { cookie: third.cookie, body: {} })).status).toBe(401);
  });

  test('a visitor without a cookie is not signed in, and does not count as a stranger with a wrong key', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => send('PATCH', { body: {} })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('A page that may not use the session', () => {
  const other = [
    ['without an origin', { origin: '' }],
    ['with the origin null', { origin: 'null' }],
    ['of another site', { origin: 'https://evil.example' }],
    ['of another port of the same host', { origin: 'http://127.0.0.1:1' }],
    ['of another site by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['of the same site by Sec-Fetch-Site', { 'sec-fetch-site': 'same-site' }],
  ] as const;
  test.each(other)('is one %s', async (_name, headers) => {
    const { cookie, user, body } = await signIn();
    const credentials = { email: user.email, password };
    const answers = [
      await send('POST', { headers, body: credentials }),
      await send('PATCH', { headers, cookie, body: {} }),
      await send('DELETE', { headers, cookie }),
    ];
    expect(answers.map(({ status, body: { code }, set }) => [status, code, set])).toEqual(
      answers.map(() => [403, 'FORBIDDEN', null]),
    );
    expect((await me(String(body.accessToken))).status).toBe(200);
  });

  test('is one that came over http from another machine', async () => {
    const headers = { origin: 'http://licenses.example', 'sec-fetch-site': 'same-origin' };
    const refused = await send('POST', { headers, body: { email: 'ann@vendor.example', password: 'x' } });
    expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining('over https')]);
  });
});

test('A page over https gets a cookie that goes over https only, also behind a proxy that changes Host', async () => {
  const user = await signUp();
  const headers = { origin: 'https://licenses.example', 'sec-fetch-site': 'same-origin' };
  const opened = await send('POST', { headers, body: { email: user.email, password } });
  expect(opened.set).toMatch(/^__Secure-ledger-session-443=.*; HttpOnly; SameSite=Strict; Secure$/);
  const next = await send('PATCH', { headers, cookie: `other=1; ${opened.cookie}; last=2`, body: {} });
  expect(next.status).toBe(200);
  // The cookie of https is not one of http on this machine.
  expect((await send('PATCH', { cookie: opened.cookie, body: {} })).status).toBe(401);
});

test('A wrong password is refused without a cookie, and the login of programs sets none', async () => {
  const user = await signUp();
  const wrong = await send('POST', { body: { email: user.email, password: 'not the password' } });
  expect([wrong.status, wrong.body.code, wrong.set]).toEqual([401, 'UNAUTHENTICATED', null]);
  const program = await logIn(user.email);
  expect([program.status, program.headers.get('set-cookie')]).toEqual([200, null]);
});
