import { beforeAll, expect, test } from 'vitest';
import { changeDisplayName } from '../../../src/identity/users.ts';
import type { Fields, Ledger, TestMember } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { joinOrganization } from '../../support/users.ts';

let ledger: Ledger;
let owner: TestMember;
let admin: TestMember;
let member: TestMember;
beforeAll(async () => {
  ledger = await shareLedger();
  const { organizationId } = ledger.a;
  owner = await ledger.createMember(organizationId, 'OWNER');
  admin = await ledger.createMember(organizationId, 'ADMIN');
  member = await ledger.createMember(organizationId, 'MEMBER');
});

const membersOf = ({ organizationId } = ledger.a) => `/v1/organizations/${organizationId}/members`;
const change = (userId: string, body: object, key = admin.accessToken, headers: Record<string, string> = {}) =>
  ledger.call('PATCH', `${membersOf()}/${userId}`, { key, body, headers });
const listed = async (userId: string, organization = ledger.a): Promise<Fields | undefined> => {
  const { body } = await ledger.call('GET', `${membersOf(organization)}?limit=100`, { key: organization.apiKey });
  return Object.values(body.data ?? {}).find((each) => String(each.userId) === userId);
};

test('An ADMIN labels any member, and the name of the user stays the own one', async () => {
  await changeDisplayName(ledger.database.api, owner.userId, 'Olga');
  const labelled = await change(owner.userId, { label: 'The boss' });
  expect([labelled.status, labelled.body]).toMatchObject([
    200,
    { userId: owner.userId, role: 'OWNER', displayName: 'Olga', label: 'The boss' },
  ]);
  expect(await listed(owner.userId)).toMatchObject({ displayName: 'Olga', label: 'The boss' });
  const own = await ledger.call('GET', `/v1/users/${owner.userId}`, { key: owner.accessToken });
  expect(own.body.displayName).toBe('Olga');
  expect((await change(owner.userId, { label: null })).body.label).toBeNull();
  expect(await listed(owner.userId)).toMatchObject({ displayName: 'Olga', label: null });
});

test('Each organization has its own label for a user of both', async () => {
  const { userId } = member;
  await joinOrganization(ledger.needs, { userId, organizationId: ledger.b.organizationId, role: 'GUEST' }).then((at) =>
    ledger.projected.waitFor(at, 10_000),
  );
  await change(userId, { label: 'Ours' });
  expect(await listed(userId, ledger.b)).toMatchObject({ label: null });
  const theirs = { key: ledger.b.apiKey, body: { label: 'Theirs' } };
  expect((await ledger.call('PATCH', `${membersOf(ledger.b)}/${userId}`, theirs)).status).toBe(200);
  expect(await listed(userId)).toMatchObject({ label: 'Ours' });
  expect(await listed(userId, ledger.b)).toMatchObject({ label: 'Theirs' });
});

test('A role and a label can change together, and an If-Match or Idempotency-Key covers both', async () => {
  const joined = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  const stale = await change(joined.userId, { label: 'Stale' }, admin.accessToken, { 'if-match': '"0"' });
  expect([stale.status, stale.body.code]).toEqual([412, 'REVISION_MISMATCH']);
  expect(await listed(joined.userId)).toMatchObject({ role: 'MEMBER', label: null });
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const body = { role: 'BILLING', label: 'Books' };
  const first = await change(joined.userId, body, admin.accessToken, headers);
  expect([first.status, first.body]).toMatchObject([200, body]);
  await change(joined.userId, { label: 'Later' });
  const again = await change(joined.userId, body, admin.accessToken, headers);
  expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  expect(await listed(joined.userId)).toMatchObject({ role: 'BILLING', label: 'Later' });
});

test('A label ends with its membership, and is erased', async () => {
  const leaving = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  const { userId } = leaving;
  await change(userId, { label: 'Leaving soon' });
  expect((await ledger.call('DELETE', `${membersOf()}/${userId}`, { key: owner.accessToken })).status).toBe(200);
  const { rows } = await ledger.database.superuser.query('select from identity.member_labels where user_id = $1', [
    userId,
  ]);
  expect(rows).toEqual([]);
  const late = await change(userId, { label: 'Late' });
  expect([late.status, late.body.code]).toEqual([404, 'NOT_FOUND']);
  // As after a removal that died before it erased the label.
  await ledger.database.superuser.query(
    `insert into identity.member_labels (issuer_org_id, user_id, invitation_id, label) values ($1, $2, 'inv_before', 'Before')`,
    [ledger.a.organizationId, userId],
  );
  await joinOrganization(ledger.needs, { userId, organizationId: ledger.a.organizationId, role: 'MEMBER' }).then((at) =>
    ledger.projected.waitFor(at, 10_000),
  );
  expect(await listed(userId)).toMatchObject({ label: null });
});

test('Nobody else sets a label, and no change is no request', async () => {
  const { userId } = member;
  expect((await change(userId, { label: 'Me' }, member.accessToken)).body.code).toBe('FORBIDDEN');
  const stranger = await ledger.createMember(ledger.b.organizationId, 'OWNER');
  expect((await change(userId, { label: 'Foreign' }, stranger.accessToken)).body.code).toBe('ORGANIZATION_NOT_FOUND');
  expect((await change(stranger.userId, { label: 'Foreign' })).body.code).toBe('NOT_FOUND');
  for (const body of [{}, { label: '' }, { label: '  ' }, { label: 'x'.repeat(101) }, { displayName: 'Mia' }])
    expect((await change(userId, body)).body.code).toBe('INVALID_REQUEST');
});
