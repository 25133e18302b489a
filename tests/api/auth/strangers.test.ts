import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPasswords } from '../../../src/identity/passwords.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';
import { condition } from '../../support/product.ts';

// Windows so long that no test sees their end. The header says where a request comes from.
let ledger: Ledger;
beforeAll(async () => {
  const limits =
    'login=6/3600,signup=9/3600,login_place=3/3600,login_place_day=4/86400,login_account=5/86400,login_device=3/3600,login_device_day=5/86400';
  // Real hashes, because a flood of cheap ones ends before anybody waits for it.
  ledger = await startLedger({ frontOf: limitedFront(limits, { trustProxy: 1 }), passwords: createPasswords() });
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const newEmail = () => `${randomUUID()}@vendor.example`;
const networks = Array.from({ length: 60_000 }, (_, index) => `10.${index >> 8}.${index & 255}`).values();
const newAddress = () => `${networks.next().value}.7`;
const post = (what: string, body: object, from = newAddress(), key?: string) =>
  ledger.call('POST', `/v1/auth/${what}`, { body, key, headers: { 'x-forwarded-for': from } });
const logIn = (email: string, fields: object = {}, from = newAddress()) =>
  post('login', { email, password, ...fields }, from);
const guess = (email: string, from = newAddress()) => logIn(email, { password: 'wrong' }, from);
const signUp = async (email = newEmail()) => {
  const { body } = await post('signup', { email, password });
  return { email, accessToken: String(body.accessToken), deviceToken: body.deviceToken as string | undefined };
};
const refusedBy = ({ status, body }: Answer) => [status, /limit (\w+) of/.exec(String(body.detail))?.[1]];
const closeWayIn = async (email: string) => {
  for (let n = 0; n < 12; n += 1) await guess(email);
  expect(refusedBy(await guess(email))).toEqual([429, 'login_account']);
};

describe('A stranger who guesses', () => {
  test('never keeps out the owner, whose device has signed in before', async () => {
    const { email, deviceToken } = await signUp();
    await condition('a stranger is to wait for long', async () => {
      const { headers } = await guess(email);
      return Number(headers.get('retry-after')) >= 4;
    });
    for (let n = 0; n < 3; n += 1) {
      expect((await guess(email)).status).toBe(429);
      expect((await logIn(email, { deviceToken })).status).toBe(200);
    }
  });

  test('from one network does not keep out the owner on a new device elsewhere', async () => {
    const { email } = await signUp();
    const near = (n: number) => `192.0.2.${n}`;
    const answers = [];
    for (let n = 1; n < 10; n += 1) answers.push(await guess(email, near(n)));
    expect(answers.map(refusedBy).slice(0, 4)).toEqual([
      ...[1, 2, 3].map(() => [401, undefined]),
      [429, 'login_place'],
    ]);
    expect((await logIn(email, {}, near(99))).status).toBe(429);
    expect((await logIn(email, {}, '192.0.3.1')).status).toBe(200);
  });

  test('from one IPv6 network gets no further guesses by changing the address', async () => {
    const { email } = await signUp();
    for (const n of [1, 2, 3]) expect((await guess(email, `2001:db8:1:2::${n}`)).status).toBe(401);
    expect(refusedBy(await guess(email, '2001:db8:1:2:ffff::9'))).toEqual([429, 'login_place']);
    expect((await guess(email, '2001:db8:1:3::1')).status).toBe(401);
  });

  test('closes only the way in without a device token', async () => {
    const { email, deviceToken } = await signUp();
    await closeWayIn(email);
    const refused = await logIn(email);
    expect(refusedBy(refused)).toEqual([429, 'login_account']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.body.detail).toContain('deviceToken');
    expect((await logIn(email, { deviceToken })).status).toBe(200);
  });

  test('sees the same answers for an account that does not exist', async () => {
    const known = await signUp();
    const place = (answer: Answer) => [
      ...refusedBy(answer),
      ...[...answer.headers.keys()].sort(),
      answer.headers.get('ratelimit-policy'),
      { ...answer.body, requestId: '' },
    ];
    const seen = [];
    for (const email of [known.email, newEmail()]) {
      const answers = [];
      for (const deviceToken of [undefined, known.deviceToken?.replace(/....$/, 'AAAA'), 'x']) {
        answers.push(await logIn(email, { password: 'wrong', deviceToken }));
      }
      for (let n = 0; n < 12; n += 1) answers.push(await guess(email));
      // The seconds until the window ends may have moved on by one.
      seen.push(answers.map((answer) => JSON.stringify(place(answer)).replaceAll(/in \d+ seconds/g, '')));
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  test('does not use up the logins of an owner behind the same address', async () => {
    const { email, deviceToken } = await signUp();
    const office = newAddress();
    for (let n = 0; n < 8; n += 1) await guess(newEmail(), office);
    expect(refusedBy(await logIn(email, {}, office))).toEqual([429, 'login']);
    expect((await logIn(email, { deviceToken }, office)).status).toBe(200);
  });
});

test('A flood of logins from one address is checked in its turns, and an owner elsewhere does not wait for its end', async () => {
  const { email, deviceToken } = await signUp();
  const from = newAddress();
  let answered = 0;
  const flood = Array.from({ length: 6 }, async () => {
    await guess(newEmail(), from);
    answered += 1;
  });
  expect((await logIn(email, { deviceToken })).status).toBe(200);
  expect(answered).toBeLessThan(6);
  await Promise.all(flood);
});

describe('A device token', () => {
  test('counts its own failures, and gives nobody else away', async () => {
    const { email, deviceToken } = await signUp();
    const tries = () => logIn(email, { password: 'wrong', deviceToken });
    for (let n = 0; n < 3; n += 1) expect((await tries()).status).toBe(401);
    expect(refusedBy(await tries())).toEqual([429, 'login_device']);
    expect(refusedBy(await logIn(email, { deviceToken }))).toEqual([429, 'login_device']);
    // The failures of the token do not count for others.
    expect((await logIn(email)).status).toBe(200);
  });

  test('stays the same while it is valid, and is replaced otherwise', async () => {
    const { email, deviceToken } = await signUp();
    expect(deviceToken).toMatch(/^lgr_dt_[\w-]{43}$/);
    expect((await logIn(email, { deviceToken })).body.deviceToken).toBe(deviceToken);
    const other = (await logIn(email)).body.deviceToken;
    expect(other).toMatch(/^lgr_dt_[\w-]{43}$/);
    expect(other).not.toBe(deviceToken);
  });

  test('works for its own account only', async () => {
    const [one, other] = [await signUp(), await signUp()];
    await closeWayIn(other.email);
    expect(refusedBy(await logIn(other.email, { deviceToken: one.deviceToken }))).toEqual([429, 'login_account']);
    expect((await logIn(other.email.toUpperCase(), { deviceToken: other.deviceToken })).status).toBe(200);
  });

  test('ends with a change of the password', async () => {
    const { email, deviceToken, accessToken } = await signUp();
    const change = { currentPassword: password, newPassword: 'seven tall blue pears' };
    expect((await post('password', change, newAddress(), accessToken)).status).toBe(204);
    await closeWayIn(email);
    const again = { password: change.newPassword, deviceToken };
    expect(refusedBy(await logIn(email, again))).toEqual([429, 'login_account']);
  });

  test('is stored as a keyed hash only, and not in the stored answer of an Idempotency-Key', async () => {
    const { email, deviceToken = '' } = await signUp();
    const headers = { 'x-forwarded-for': newAddress(), 'idempotency-key': 'device' };
    const call = () => ledger.call('POST', '/v1/auth/login', { body: { email, password, deviceToken }, headers });
    const [first, second] = [await call(), await call()];
    expect([first.status, second.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(second.body.deviceToken).toBe(deviceToken);
    const { rows } = await ledger.database.superuser.query<{ stored: string }>(
      `select row_to_json(d)::text as stored from identity.login_devices d
       union all select i.body from ops.idempotency i where i.body is not null`,
    );
    expect(rows.length).toBeGreaterThan(1);
    for (const { stored } of rows) expect(stored).not.toContain(deviceToken.slice(7));
  });
});

test('A password guessed in a session counts for that session, and never for the owner elsewhere', async () => {
  const { email, accessToken, deviceToken } = await signUp();
  const other = String((await logIn(email, { deviceToken })).body.accessToken);
  const change = (key: string, currentPassword: string) =>
    post('password', { currentPassword, newPassword: 'seven tall blue pears' }, newAddress(), key);
  for (let n = 0; n < 3; n += 1) expect((await change(accessToken, 'wrong')).status).toBe(403);
  expect(refusedBy(await change(accessToken, password))).toEqual([429, 'login_device']);
  expect((await change(other, password)).status).toBe(204);
});
