import { beforeAll, expect, test } from 'vitest';
import { setPassword } from '../../../src/identity/users.ts';
import type { Ledger, TestMember } from '../../support/ledger.ts';
import { cheapPasswords } from '../../support/passwords.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { openTestSession } from '../../support/users.ts';

const password = 'four small green apples';
let ledger: Ledger;
let passwordHash: string;
beforeAll(async () => {
  ledger = await shareLedger();
  passwordHash = await cheapPasswords().hash(password);
});

/** An OWNER of an organization of their own, whose login was more than five minutes ago. */
const longSignedIn = async () => {
  const { organizationId } = await ledger.createVendor('Closing');
  const owner = await ledger.createMember(organizationId, 'OWNER');
  const change = { passwordHash, exceptSessionId: owner.sessionId, now: new Date() };
  await setPassword(ledger.database.api, owner.userId, change);
  await age(owner, 300_001);
  return { ...owner, organizationId };
};
const age = ({ userId }: TestMember, ms: number) =>
  ledger.database.superuser.query('update identity.sessions set password_at = $2 where user_id = $1', [
    userId,
    new Date(Date.now() - ms),
  ]);
const confirm = (text: string, key: string) =>
  ledger.call('POST', '/v1/auth/password/confirm', { key, body: { password: text } });

const paths = {
  'Closing an organization': ({ organizationId }: { organizationId: string }) => `/v1/organizations/${organizationId}`,
  'Deactivating a login': ({ userId }: { userId: string }) => `/v1/users/${userId}`,
};

test.each(Object.entries(paths))('%s needs the password within the last five minutes', async (what, pathOf) => {
  const owner = await longSignedIn();
  // Another OWNER stays.
  await ledger.createMember(owner.organizationId, 'OWNER');
  const path = pathOf(owner);
  const { accessToken: key } = owner;
  const refused = await ledger.call('DELETE', path, { key });
  expect([refused.status, refused.body.code]).toEqual([403, 'PASSWORD_REQUIRED']);
  expect(String(refused.body.detail)).toContain('POST /v1/auth/password/confirm');

  const wrong = await confirm('five small green apples', key);
  expect([wrong.status, wrong.body.code]).toEqual([403, 'FORBIDDEN']);
  expect((await ledger.call('DELETE', path, { key })).body.code).toBe('PASSWORD_REQUIRED');

  expect((await confirm(password, key)).status).toBe(204);
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const done = await ledger.call('DELETE', path, { key, headers });
  expect(done.status, done.text).toBe(what === 'Deactivating a login' ? 204 : 200);
});

test('A confirmation counts for its session only, and a session from before confirmations has none', async () => {
  const owner = await longSignedIn();
  const other = await openTestSession(ledger.database.api, owner.userId, { now: new Date() });
  const { token: key } = ledger.accessTokens.signAccessToken({
    ...{ sub: owner.userId, tid: owner.organizationId, sid: other.sessionId },
  });
  await ledger.database.superuser.query('update identity.sessions set password_at = null where user_id = $1', [
    owner.userId,
  ]);
  const path = `/v1/organizations/${owner.organizationId}`;
  expect((await confirm(password, owner.accessToken)).status).toBe(204);
  expect((await ledger.call('DELETE', path, { key })).body.code).toBe('PASSWORD_REQUIRED');
  expect((await ledger.call('DELETE', path, { key: owner.accessToken })).status).toBe(200);
});

test('A refusal for the password is not stored: the same request succeeds after the confirmation', async () => {
  const owner = await longSignedIn();
  const request = { key: owner.accessToken, headers: { 'idempotency-key': crypto.randomUUID() } };
  const path = `/v1/organizations/${owner.organizationId}`;
  expect((await ledger.call('DELETE', path, request)).body.code).toBe('PASSWORD_REQUIRED');
  await confirm(password, owner.accessToken);
  expect((await ledger.call('DELETE', path, request)).status).toBe(200);
});

test('An API key with every scope can neither confirm a password nor close its organization', async () => {
  const { apiKey: key, organizationId } = ledger.a;
  expect((await confirm(password, key)).body.code).toBe('FORBIDDEN');
  expect((await ledger.call('DELETE', `/v1/organizations/${organizationId}`, { key })).body.code).toBe('FORBIDDEN');
});
