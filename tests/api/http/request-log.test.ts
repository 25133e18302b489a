import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFront } from '../../../src/api/front.ts';
import { invite } from '../../support/invitations.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { openMailbox } from '../../support/mails.ts';
import { condition } from '../../support/product.ts';

// One proxy of the operator. Its client invents the entries before the last.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ frontOf: () => ({ ...openFront, trustProxy: 1 }) });
});
afterAll(() => ledger.stop());

const headers = (more: Readonly<Record<string, string>> = {}) => ({
  'x-forwarded-for': '203.0.113.9, 198.51.100.7',
  'x-request-id': crypto.randomUUID(),
  ...more,
});
type Line = Readonly<Record<string, unknown>>;
const linesOf = (requestId: string): readonly Line[] =>
  ledger.logged.filter((line) => line.includes(requestId)).map((line) => JSON.parse(line));
const lineAfter = async (
  method: string,
  path: string,
  sent: { key?: string; body?: unknown; headers?: Readonly<Record<string, string>> } = {},
): Promise<Line> => {
  const all = headers(sent.headers);
  await ledger.call(method, path, { ...sent, headers: all });
  await condition('the request is logged', () => linesOf(all['x-request-id']).length > 0);
  const [line = {}] = linesOf(all['x-request-id']);
  return line;
};
const client = '198.51.100.7';

test('The log line of a request names the believed address and the user, API key or license', async () => {
  const { organizationId, apiKey, apiKeyId } = ledger.a;
  const member = await ledger.createMember(organizationId, 'MEMBER');
  const { licenseId, licenseKey } = await ledger.issue();
  const validate = { licenseKey };
  const byKey = { authorization: `License ${licenseKey}` };
  for (const [line, principal, tenant] of [
    [await lineAfter('GET', '/v1/licenses', { key: apiKey }), apiKeyId, organizationId],
    [await lineAfter('GET', '/v1/licenses', { key: member.accessToken }), member.userId, organizationId],
    [await lineAfter('GET', '/v1/auth/me', { key: member.accessToken }), member.userId, null],
    // The member may not do this, and the log says who tried.
    [await lineAfter('POST', '/v1/licenses', { key: member.accessToken, body: {} }), member.userId, organizationId],
    [await lineAfter('POST', '/v1/licenses/validate', { body: validate }), licenseId, organizationId],
    [await lineAfter('GET', '/v1/licenses/features', { headers: byKey }), licenseId, organizationId],
    [await lineAfter('POST', '/v1/licenses/validate', { body: { ...validate, licenseId } }), null, null],
    [await lineAfter('GET', '/v1/licenses', { key: `${apiKey}x` }), null, null],
    [await lineAfter('GET', '/v1/licenses'), null, null],
    [await lineAfter('GET', '/nowhere', { key: apiKey }), null, null],
  ] as const) {
    expect(line, JSON.stringify(line)).toMatchObject({ clientIp: client, principal, tenant });
  }
});

test('A sign-up, a login and a refresh are logged with the user who got in, a failed login with nobody', async () => {
  const credentials = { email: `${crypto.randomUUID()}@vendor.example`, password: 'four small green apples' };
  const signedUp = await ledger.call('POST', '/v1/auth/signup', { body: credentials });
  const principal = String(signedUp.body.user?.id);
  const refresh = { refreshToken: String(signedUp.body.refreshToken) };
  expect(await lineAfter('POST', '/v1/auth/login', { body: credentials })).toMatchObject({ principal });
  expect(await lineAfter('POST', '/v1/auth/refresh', { body: refresh })).toMatchObject({ principal });
  const wrong = { ...credentials, password: 'five small green apples' };
  expect(await lineAfter('POST', '/v1/auth/login', { body: wrong })).toMatchObject({ principal: null });
});

test('Who gets the stored tokens of an earlier signup or login is logged with the own id', async () => {
  const email = `${crypto.randomUUID()}@vendor.example`;
  const sent = {
    body: { email, password: 'four small green apples' },
    headers: { 'idempotency-key': crypto.randomUUID() },
  };
  for (const path of ['/v1/auth/signup', '/v1/auth/login']) {
    const { body } = await ledger.call('POST', path, sent);
    const [principal, tenant] = [String(body.user?.id), String(body.organization?.id)];
    const replay = await lineAfter('POST', path, sent);
    expect([path, replay]).toMatchObject([path, { clientIp: client, principal, tenant }]);
    const wrong = { ...sent, body: { email, password: 'five small green apples' } };
    expect(await lineAfter('POST', path, wrong)).toMatchObject({ principal: null, tenant: null });
  }
});

test('Who joins by an invitation or resets a password is logged with the own id, and a stream with its API key', async () => {
  const password = 'four small green apples';
  const { token } = await invite(ledger, `${crypto.randomUUID()}@vendor.example`);
  const once = { 'idempotency-key': crypto.randomUUID() };
  const joining = { body: { token, password }, headers: once };
  const joined = await lineAfter('POST', '/v1/invitations/accept', joining);
  expect(joined).toMatchObject({ clientIp: client, principal: expect.stringMatching(/^usr_/) });
  const { principal, tenant } = joined;
  expect(await lineAfter('POST', '/v1/invitations/accept', joining)).toMatchObject({ principal, tenant });

  const { email, userId } = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  const requested = await lineAfter('POST', '/v1/auth/password-resets', { body: { email } });
  expect(requested).toMatchObject({ status: 202, clientIp: client, principal: null });
  const reset = { body: { token: await openMailbox(ledger).tokenTo(email), newPassword: password }, headers: once };
  for (let n = 0; n < 2; n += 1)
    expect(await lineAfter('POST', '/v1/auth/password-resets/redeem', reset)).toMatchObject({
      status: 200,
      clientIp: client,
      principal: userId,
    });

  const leaving = new AbortController();
  const sent = headers({ authorization: `Bearer ${ledger.a.apiKey}` });
  await fetch(`${ledger.baseUrl}/v1/events/stream`, { headers: sent, signal: leaving.signal });
  leaving.abort();
  await condition('the stream is logged', () => linesOf(sent['x-request-id']).length > 0);
  expect(linesOf(sent['x-request-id'])).toMatchObject([{ clientIp: client, principal: ledger.a.apiKeyId }]);
});

test('The log line of a failure has them too, and no line has a token or a key', async () => {
  const { apiKey, apiKeyId, organizationId } = ledger.a;
  const member = await ledger.createMember(organizationId, 'OWNER');
  const { licenseKey } = await ledger.issue();
  await lineAfter('GET', '/v1/licenses', { key: member.accessToken });
  await lineAfter('POST', '/v1/licenses/validate', { body: { licenseKey } });
  await ledger.database.superuser.query('revoke select on rm.licenses from ledger_api');
  try {
    const sent = headers();
    await ledger.call('GET', '/v1/licenses', { key: apiKey, headers: sent });
    await condition('both lines are written', () => linesOf(sent['x-request-id']).length === 2);
    for (const line of linesOf(sent['x-request-id']))
      expect(line).toMatchObject({ clientIp: client, principal: apiKeyId });
  } finally {
    await ledger.database.superuser.query('grant select on rm.licenses to ledger_api');
  }
  const all = ledger.logged.join('\n');
  for (const secret of [apiKey, member.accessToken, member.refreshToken, licenseKey]) expect(all).not.toContain(secret);
});

test('A connection that sends no request is logged with the address of the connection', async () => {
  const before = ledger.logged.length;
  await new Promise<void>((resolve) => {
    const sent = request(ledger.baseUrl, { method: 'GET', headers: { a: 'x'.repeat(200_000) } });
    sent.on('error', () => resolve());
    sent.on('response', (response) => response.resume().on('end', resolve));
    sent.end();
  });
  const refused = () => ledger.logged.slice(before).find((line) => line.includes('"route":"none"'));
  await condition('it is logged', () => refused() !== undefined);
  expect(JSON.parse(refused() ?? '')).toMatchObject({ clientIp: '127.0.0.1', principal: null });
});
