import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { roles, scopes } from '../../../src/domain/organization/events.ts';
import type { Ledger, TestMember } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let members: string;
let owner: TestMember;
let admin: TestMember;
beforeAll(async () => {
  ledger = await shareLedger();
  const { organizationId } = ledger.a;
  members = `/v1/organizations/${organizationId}/members`;
  [owner, admin] = await Promise.all([
    ledger.createMember(organizationId, 'OWNER'),
    ledger.createMember(organizationId, 'ADMIN'),
  ]);
});

const newEmail = () => `${randomUUID()}@vendor.example`;
const invite = (key: string, role: Role) => ledger.call('POST', members, { key, body: { email: newEmail(), role } });
const tokenOf = (key: string, invitationId: unknown) =>
  ledger.call('POST', `/v1/organizations/${ledger.a.organizationId}/invitations/${invitationId}/token`, { key });
const idOf = ({ body }: Awaited<ReturnType<typeof invite>>) => String(body.invitation?.invitationId);
const accept = (token: unknown) =>
  ledger.call('POST', '/v1/invitations/accept', { body: { token, password: 'four small green apples' } });
const keyWith = async (...scopes: readonly Scope[]) => (await ledger.createKey(ledger.a.organizationId, scopes)).apiKey;

describe('An API key', () => {
  test('with members:write alone invites nobody and changes no role', async () => {
    const key = await keyWith('members:write');
    const guest = await ledger.createMember(ledger.a.organizationId, 'GUEST');
    for (const role of roles) {
      const invited = await invite(key, role);
      expect([role, invited.status, invited.body.code]).toEqual([role, 403, 'FORBIDDEN']);
    }
    const promoted = await ledger.call('PATCH', `${members}/${guest.userId}`, { key, body: { role: 'ADMIN' } });
    expect([promoted.status, promoted.body.code]).toEqual([403, 'FORBIDDEN']);
    expect(promoted.body.detail).toContain('that its scopes cover');
  });

  test('with every scope invites a MEMBER and gets no token; an ADMIN gets it and hands it over', async () => {
    const key = await keyWith(...scopes);
    expect((await invite(key, 'ADMIN')).body.code).toBe('FORBIDDEN');
    const invited = await invite(key, 'MEMBER');
    expect([invited.status, invited.body.token]).toEqual([201, null]);
    const invitationId = idOf(invited);
    const refused = await tokenOf(key, invitationId);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    const handedOut = await tokenOf(admin.accessToken, invitationId);
    expect([handedOut.status, handedOut.body.invitation]).toEqual([200, invited.body.invitation]);
    const accepted = await accept(handedOut.body.token);
    expect([accepted.status, accepted.body]).toMatchObject([201, { organization: { role: 'MEMBER' } }]);
    expect((await tokenOf(admin.accessToken, invitationId)).body.code).toBe('NOT_FOUND');
  });

  test('neither changes nor revokes a key with a scope that it does not have', async () => {
    const key = await keyWith('members:write', 'licenses:read');
    const { apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:write']);
    const path = `/v1/api-keys/${apiKeyId}`;
    for (const body of [{ name: 'mine' }, { scopes: ['licenses:read'] }]) {
      const changed = await ledger.call('PATCH', path, { key, body });
      expect([changed.status, changed.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    const revoked = await ledger.call('DELETE', path, { key });
    expect([revoked.status, revoked.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('that expires creates only keys that expire no later', async () => {
    const soon = new Date(Date.parse(ledger.needs.now()) + 3_600_000).toISOString();
    const body = { name: 'short', scopes: ['members:write'], expiresAt: soon };
    const created = await ledger.call('POST', '/v1/api-keys', { key: owner.accessToken, body });
    const key = String(created.body.secret);
    const forEver = await ledger.call('POST', '/v1/api-keys', { key, body: { name: 'CI', scopes: ['members:write'] } });
    expect([forEver.status, forEver.body.code]).toEqual([403, 'FORBIDDEN']);
    const asLong = await ledger.call('POST', '/v1/api-keys', { key, body });
    expect([asLong.status, asLong.body]).toMatchObject([201, { apiKey: { expiresAt: soon } }]);
  });
});

describe('The token of an invitation', () => {
  test('to become an OWNER is not for an ADMIN', async () => {
    const invited = await invite(owner.accessToken, 'OWNER');
    expect((await tokenOf(admin.accessToken, idOf(invited))).body.code).toBe('FORBIDDEN');
    const again = await tokenOf(owner.accessToken, idOf(invited));
    expect(again.body.token).toBe(invited.body.token);
  });

  test('is for nobody after the invitation was withdrawn, and not for other organizations', async () => {
    const invited = await invite(owner.accessToken, 'GUEST');
    const invitationId = idOf(invited);
    const stranger = await ledger.createMember(ledger.b.organizationId, 'OWNER');
    expect((await tokenOf(stranger.accessToken, invitationId)).body.code).toBe('ORGANIZATION_NOT_FOUND');
    const invitations = `/v1/organizations/${ledger.a.organizationId}/invitations`;
    await ledger.call('DELETE', `${invitations}/${invitationId}`, { key: owner.accessToken });
    expect((await tokenOf(owner.accessToken, invitationId)).body.code).toBe('NOT_FOUND');
  });
});

const storedAddresses = async (invitationId: string) => {
  const { rowCount } = await ledger.database.superuser.query('select 1 from vault.personal_values where subject = $1', [
    invitationId,
  ]);
  return rowCount;
};

test('An address that was not erased when its invitation was withdrawn is erased by the next change of access', async () => {
  const invited = await invite(owner.accessToken, 'GUEST');
  const invitationId = idOf(invited);
  const { rows } = await ledger.database.superuser.query('select * from vault.personal_values where subject = $1', [
    invitationId,
  ]);
  const path = `/v1/organizations/${ledger.a.organizationId}/invitations/${invitationId}`;
  await ledger.call('DELETE', path, { key: owner.accessToken });
  expect(await storedAddresses(invitationId)).toBe(0);
  // As a crash right after the append leaves it.
  const [{ ref, issuer_org_id, kind, subject, value }] = rows as [Record<string, string>];
  await ledger.database.superuser.query(
    'insert into vault.personal_values (ref, issuer_org_id, kind, subject, value) values ($1, $2, $3, $4, $5)',
    [ref, issuer_org_id, kind, subject, value],
  );
  await ledger.call('DELETE', path, { key: owner.accessToken });
  expect(await storedAddresses(invitationId)).toBe(0);
});

describe('Removing a member', () => {
  test('ends the open invitations of that member, and erases their addresses', async () => {
    const leaver = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
    const invited = await invite(leaver.accessToken, 'ADMIN');
    const removed = await ledger.call('DELETE', `${members}/${leaver.userId}`, { key: owner.accessToken });
    expect([removed.status, removed.body]).toEqual([200, { apiKeys: [] }]);
    expect((await accept(invited.body.token)).body.code).toBe('NOT_FOUND');
    const open = await ledger.call('GET', `${members}?state=invited`, { key: owner.accessToken });
    expect(open.text).not.toContain(idOf(invited));
    expect(await storedAddresses(idOf(invited))).toBe(0);
  });

  test('lists the API keys that the member created, which work on until they are revoked on request', async () => {
    const leaver = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
    const created = await ledger.call('POST', '/v1/api-keys', {
      key: leaver.accessToken,
      body: { name: 'of the leaver', scopes: ['members:write', 'licenses:read'] },
    });
    const key = String(created.body.secret);
    const second = await ledger.call('POST', '/v1/api-keys', { key, body: { name: '2', scopes: ['licenses:read'] } });
    const path = `${members}/${leaver.userId}`;
    const removed = await ledger.call('DELETE', path, { key: owner.accessToken });
    expect(removed.body).toMatchObject({
      apiKeys: [
        { id: created.body.apiKey?.id, revokedAt: null },
        { id: second.body.apiKey?.id, revokedAt: null },
      ],
    });
    expect((await ledger.call('GET', '/v1/licenses', { key })).status).toBe(200);
    const revoked = await ledger.call('DELETE', `${path}?revokeKeys=true`, { key: owner.accessToken });
    expect(revoked.body).toMatchObject({
      apiKeys: [{ revokedAt: expect.any(String) }, { revokedAt: expect.any(String) }],
    });
    for (const dead of [key, String(second.body.secret)])
      expect((await ledger.call('GET', '/v1/licenses', { key: dead })).status).toBe(401);
  });
});

test('Losing the role that invited ends the invitation, and the token with it', async () => {
  const second = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  const invited = await invite(second.accessToken, 'OWNER');
  await ledger.call('PATCH', `${members}/${second.userId}`, { key: owner.accessToken, body: { role: 'MEMBER' } });
  expect((await accept(invited.body.token)).body.code).toBe('NOT_FOUND');
  expect((await tokenOf(owner.accessToken, idOf(invited))).body.code).toBe('NOT_FOUND');
});
