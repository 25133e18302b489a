import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { setPassword } from '../../../src/identity/users.ts';
import { invite } from '../../support/invitations.ts';
import type { Ledger } from '../../support/ledger.ts';
import { cheapPasswords } from '../../support/passwords.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});

const password = 'four small green apples';
const post = (path: string, body: object, key?: string) => ledger.call('POST', path, { body, key });
const refusalOf = ({ status, body }: Awaited<ReturnType<typeof post>>) => [
  status,
  body.code,
  body.errors?.[0]?.pointer,
];
/** An address with a long part before the @. */
const newEmail = () => `christopher.${randomUUID()}@vendor.example`;

test.each(['the address', 'the part of the address before the @'])('Nobody gets %s as a password', async (what) => {
  const email = newEmail();
  const own = (what === 'the address' ? email : email.slice(0, email.indexOf('@'))).toUpperCase();
  expect(refusalOf(await post('/v1/auth/signup', { email, password: own }))).toEqual([
    400,
    'INVALID_REQUEST',
    '/password',
  ]);
  const { token } = await invite(ledger, email);
  expect(refusalOf(await post('/v1/invitations/accept', { token, password: own }))).toEqual([
    400,
    'INVALID_REQUEST',
    '/password',
  ]);
  const joined = await post('/v1/invitations/accept', { token, password });
  expect(joined.status).toBe(201);
  const change = { currentPassword: password, newPassword: own };
  expect(refusalOf(await post('/v1/auth/password', change, String(joined.body.accessToken)))).toEqual([
    400,
    'INVALID_REQUEST',
    '/newPassword',
  ]);
});

test('A user with a shorter password of an earlier build signs in, and cannot choose such a password again', async () => {
  const { userId, email } = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  const passwordHash = await cheapPasswords().hash('password');
  await setPassword(ledger.database.api, userId, { passwordHash, exceptSessionId: null, now: new Date(0) });
  const login = await post('/v1/auth/login', { email, password: 'password' });
  expect(login.status).toBe(200);
  const key = String(login.body.accessToken);
  for (const newPassword of ['password1', 'nine99999', 'xxxxxxxxxxxx', 'basketball'])
    expect(refusalOf(await post('/v1/auth/password', { currentPassword: 'password', newPassword }, key))).toEqual([
      400,
      'INVALID_REQUEST',
      '/newPassword',
    ]);
});
