import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';

// Small quotas, and windows so long that no test sees their end. Who sends says from where.
let ledger: Ledger;
beforeAll(async () => {
  const limits = 'login=6/3600,login_account=4/3600,login_device=4/3600,signup=2/3600';
  ledger = await startLedger({ frontOf: limitedFront(limits, { trustProxy: 1 }) });
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const newEmail = () => `${randomUUID()}@vendor.example`;
const addresses = Array.from({ length: 200 }, (_, index) => `198.51.100.${index + 1}`).values();
const newAddress = () => String(addresses.next().value);
const post = (what: string, body: object, from: string, key?: string) =>
  ledger.call('POST', `/v1/auth/${what}`, { body, key, headers: { 'x-forwarded-for': from } });
const signUp = (from: string, email = newEmail()) => post('signup', { email, password }, from);
const logIn = (email: string, from: string, tried = 'wrong') => post('login', { email, password: tried }, from);

/** Asks until the account is closed. `first`: the statuses of the first four. */
const untilRefused = async (ask: () => Promise<Answer>) => {
  const statuses: number[] = [];
  for (let tries = 0; tries < 6; tries += 1) {
    const answer = await ask();
    if (answer.status === 429) return { first: statuses.slice(0, 4), refusal: answer };
    statuses.push(answer.status);
  }
  throw new Error('Nobody was refused.');
};

const expectLimited = ({ status, headers, body }: Answer, name: string) => {
  expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
  expect(body.detail).toContain(`The limit ${name} `);
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
};

test('Signups from one address are limited, whether they succeed or not', async () => {
  const from = newAddress();
  expect((await signUp(from)).status).toBe(201);
  expect((await signUp(from, 'owner@demo.example')).status).toBe(201);
  expectLimited(await signUp(from), 'signup');
  expect((await signUp(newAddress())).status).toBe(201);
});

test('Logins from one address are limited for all accounts together', async () => {
  const from = newAddress();
  for (let n = 0; n < 6; n += 1) expect((await logIn(newEmail(), from)).status).toBe(401);
  expectLimited(await logIn(newEmail(), from), 'login');
  expect((await logIn(newEmail(), newAddress())).status).toBe(401);
});

test('Logins to one account are limited from all addresses, also for an account that does not exist', async () => {
  const email = newEmail();
  await signUp(newAddress(), email);
  for (const account of [email, newEmail()]) {
    const { first, refusal } = await untilRefused(() => logIn(account.toUpperCase(), newAddress()));
    expect(first).toEqual([401, 401, 401, 401]);
    expectLimited(refusal, 'login_account');
  }
});

test('A successful login does not count for its account', async () => {
  const email = newEmail();
  await signUp(newAddress(), email);
  for (let n = 0; n < 3; n += 1) expect((await logIn(email, newAddress())).status).toBe(401);
  for (let n = 0; n < 6; n += 1) expect((await logIn(email, newAddress(), password)).status).toBe(200);
  expect((await logIn(email, newAddress())).status).toBe(401);
  expectLimited(await logIn(email, newAddress(), password), 'login_account');
});

test('A repeated login with another password counts as a failure', async () => {
  const email = newEmail();
  await signUp(newAddress(), email);
  const again = (tried: string) =>
    ledger.call('POST', '/v1/auth/login', {
      body: { email, password: tried },
      headers: { 'x-forwarded-for': newAddress(), 'idempotency-key': 'once' },
    });
  for (let n = 0; n < 6; n += 1) expect((await again(password)).status).toBe(200);
  for (let n = 0; n < 4; n += 1) expect((await again('wrong')).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  expectLimited(await again(password), 'login_account');
});

test('Answers do not say how often others have tried an account', async () => {
  const email = newEmail();
  await signUp(newAddress(), email);
  for (const account of [email, newEmail()]) {
    const { refusal } = await untilRefused(async () => {
      const answer = await logIn(account, newAddress());
      expect(answer.headers.get('ratelimit')).toMatch(/^"login";r=5;t=\d+$/);
      expect(answer.headers.get('ratelimit-policy')).toBe('"login";q=6;w=3600');
      return answer;
    });
    expect(refusal.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  }
});

test('A stranger who tries an account does not stop its user from changing the password', async () => {
  const email = newEmail();
  const { body } = await signUp(newAddress(), email);
  await untilRefused(() => logIn(email, newAddress()));
  const change = { currentPassword: password, newPassword: 'seven tall blue pears' };
  expect((await post('password', change, newAddress(), String(body.accessToken))).status).toBe(204);
});

test('An access token does not allow faster password guesses', async () => {
  const { body } = await signUp(newAddress());
  const key = String(body.accessToken);
  const change = { currentPassword: 'wrong', newPassword: 'seven tall blue pears' };
  const { first, refusal } = await untilRefused(() => post('password', change, newAddress(), key));
  expect(first).toEqual([403, 403, 403, 403]);
  expectLimited(refusal, 'login_device');
});
