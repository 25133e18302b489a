import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revokeStoredApiKey, storeApiKey } from '../../../src/identity/stored-api-keys.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { apiKeyById, listApiKeys } from '../../../src/projections/tables/api-keys.ts';
import { listInvitations } from '../../../src/projections/tables/invitations.ts';
import { listMembers } from '../../../src/projections/tables/memberships.ts';
import { organizationById } from '../../../src/projections/tables/organizations.ts';
import { listProjects, projectById } from '../../../src/projections/tables/projects.ts';
import { removeValue, storeValue } from '../../../src/records/vault.ts';
import { createLog, rival, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, project } from '../../support/read-models.ts';
import { organizationLife } from '../../support/stream-fixtures.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const as = <T>(org: string, work: (db: PoolClient) => Promise<T>) => asTenant(models.api, org, work);
const write = <T>(org: string, work: (db: PoolClient) => Promise<T>) =>
  asTenant(models.api, org, work, { readOnly: false });

const ledger = createLog();
const [ada, bob] = [testId('usr', 'ada of Vendor'), testId('usr', 'bob of Vendor')];
const [atlas, borg] = [testId('prj', 'atlas of Vendor'), testId('prj', 'borg of Vendor')];
const [ci, other] = [testId('key', 'Vendor'), testId('key', 'another of Vendor')];
const invited = ['carol', 'dave', 'eve'].map((name) => testId('inv', name));

/** Both organizations have the same events. Then three more users are invited, and the vendor gets more projects. */
beforeAll(async () => {
  models = await createReadModels();
  for (const [organizationId, name] of [
    [vendor, 'Vendor'],
    [rival, 'Rival'],
  ] as const) {
    ledger.organization(organizationId, name);
    const owners = { issuerOrgId: organizationId, holderOrgId: null };
    for (const [index, event] of organizationLife(name).entries())
      ledger.append(`organization-${organizationId}`, [event], owners, testInstant(index + 1));
  }
  const owners = { issuerOrgId: vendor, holderOrgId: null };
  for (const [index, invitationId] of invited.entries()) {
    const emailRef = testId('ref', invitationId);
    const expiresAt = testInstant(1_000 + index);
    const event = { type: 'MemberInvited', data: { invitationId, emailRef, role: 'MEMBER', expiresAt } };
    ledger.append(`organization-${vendor}`, [event], owners, testInstant(100 + index));
  }
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const page = { orgId: vendor, limit: 100, after: null };

describe('The list of members', () => {
  test('contains the present members, newest first, each with the latest role', async () => {
    expect(await as(vendor, (db) => listMembers(db, page))).toEqual([
      { userId: bob, role: 'GUEST', joinedAt: testInstant(20), createdBy: null, label: null },
      { userId: ada, role: 'OWNER', joinedAt: testInstant(1), createdBy: null, label: null },
    ]);
  });

  test('has pages and filters by role', async () => {
    const ids = async (filter: object) =>
      (await as(vendor, (db) => listMembers(db, { ...page, ...filter }))).map(({ userId }) => userId);
    expect(await ids({ limit: 1 })).toEqual([bob]);
    expect(await ids({ after: bob })).toEqual([ada]);
    expect(await ids({ after: ada })).toEqual([]);
    expect(await ids({ role: 'OWNER' })).toEqual([ada]);
    expect(await ids({ role: 'ADMIN' })).toEqual([]);
  });

  test('contains no members of another organization', async () => {
    expect(await as(rival, (db) => listMembers(db, page))).toEqual([]);
  });
});

describe('The list of invitations', () => {
  const ids = async (filter: object, now = testInstant(200)) =>
    (await as(vendor, (db) => listInvitations(db, { ...page, now, ...filter }))).map(
      ({ invitationId }) => invitationId,
    );

  test('contains the open ones, newest first, in pages', async () => {
    const newestFirst = invited.toReversed();
    expect(await ids({})).toEqual(newestFirst);
    expect(await ids({ limit: 2 })).toEqual(newestFirst.slice(0, 2));
    expect(await ids({ after: newestFirst[1] })).toEqual(newestFirst.slice(2));
    expect(await ids({}, testInstant(1_000))).toEqual(newestFirst.slice(0, 2));
  });

  test('shows an address until it is erased', async () => {
    const [invitationId = ''] = invited;
    const ref = testId('ref', invitationId);
    const email = { ref, issuerOrgId: vendor, holderOrgId: null, kind: 'EMAIL', subject: invitationId } as const;
    const address = async () =>
      (await as(vendor, (db) => listInvitations(db, { ...page, now: testInstant(0) }))).at(-1)?.email;
    expect(await address()).toBeNull();
    await write(vendor, (db) => storeValue(db, { ...email, value: 'carol@example.com' }));
    expect(await address()).toBe('carol@example.com');
    await write(vendor, (db) => removeValue(db, ref));
    expect(await address()).toBeNull();
  });

  test('contains no invitations of another organization', async () =>
    expect(await as(rival, (db) => listInvitations(db, { ...page, now: testInstant(0) }))).toEqual([]));
});

describe('The list of projects', () => {
  const ids = async (filter: object) =>
    (await as(vendor, (db) => listProjects(db, { ...page, ...filter }))).map(({ projectId }) => projectId);

  test('is newest first, has pages, and filters by state and by the beginning of the name', async () => {
    expect(await ids({})).toEqual([borg, atlas]);
    expect(await ids({ limit: 1 })).toEqual([borg]);
    expect(await ids({ after: borg })).toEqual([atlas]);
    expect(await ids({ archived: false })).toEqual([atlas]);
    expect(await ids({ archived: true })).toEqual([borg]);
    expect(await ids({ q: 'BOR' })).toEqual([borg]);
    expect(await ids({ q: 'borg' })).toEqual([borg]);
    expect(await ids({ q: 'or' })).toEqual([]);
    expect(await ids({ q: '%' })).toEqual([]);
    expect(await ids({ q: 'b', archived: false })).toEqual([]);
  });

  test('shows the metadata of a project', async () => {
    const rivals = testId('prj', 'borg of Rival');
    const noted = { ref: testId('ref', 'note'), issuerOrgId: vendor, holderOrgId: null, subject: atlas } as const;
    await write(vendor, (db) =>
      storeValue(db, { ...noted, kind: 'PROJECT_METADATA', value: JSON.stringify({ owner: ['Ann', 1] }) }),
    );
    ledger.happen(`organization-${vendor}`, [
      { type: 'ProjectChanged', data: { projectId: atlas, name: 'Atlas', metadataRef: noted.ref } },
    ]);
    await project(models.projector, ledger.log);
    expect(await as(vendor, (db) => projectById(db, vendor, atlas))).toEqual({
      projectId: atlas,
      name: 'Atlas',
      metadataRef: noted.ref,
      metadata: { owner: ['Ann', 1] },
      createdAt: testInstant(4),
      archivedAt: null,
      revision: 28n,
    });
    expect(await as(vendor, (db) => projectById(db, vendor, rivals))).toBeNull();
    expect(await as(vendor, (db) => projectById(db, rival, rivals))).toBeNull();
  });
});

describe('The list of API keys', () => {
  const stored = (apiKeyId: string, organizationId: string) => ({
    apiKeyId,
    organizationId,
    lookupId: apiKeyId.slice(-8),
    secretId: 'secret-1',
    hash: Buffer.from(testHash(apiKeyId), 'hex'),
  });

  test('contains ended keys too, newest first, in pages', async () => {
    const keys = await as(vendor, (db) => listApiKeys(db, page));
    expect(keys).toEqual([
      {
        apiKeyId: other,
        name: 'other',
        scopes: ['events:read'],
        products: null,
        hint: 'h',
        previousHint: null,
        overlapUntil: null,
        createdAt: testInstant(15),
        createdBy: expect.stringMatching(/^key_/),
        expiresAt: testInstant(7 * 86_400),
        revokedAt: testInstant(18),
        lastUsedAt: null,
      },
      expect.objectContaining({ apiKeyId: ci, name: 'CI', expiresAt: null, revokedAt: null }),
    ]);
    expect(await as(vendor, (db) => listApiKeys(db, { ...page, after: other }))).toEqual(keys.slice(1));
    expect(await as(rival, (db) => listApiKeys(db, page))).toEqual([]);
    expect(await as(rival, (db) => apiKeyById(db, ci))).toBeNull();
  });

  test('shows a revoked key before its event is projected', async () => {
    await write(vendor, (db) => storeApiKey(db, stored(ci, vendor)));
    await write(rival, (db) => revokeStoredApiKey(db, ci, testInstant(50)));
    expect(await as(vendor, (db) => apiKeyById(db, ci))).toMatchObject({ revokedAt: null });
    await write(vendor, (db) => revokeStoredApiKey(db, ci, testInstant(60)));
    await write(vendor, (db) => revokeStoredApiKey(db, ci, testInstant(70)));
    expect(await as(vendor, (db) => apiKeyById(db, ci))).toMatchObject({ revokedAt: testInstant(60) });
  });

  test('gets no key that is stored for another organization', async () => {
    const apiKeyId = testId('key', 'forged');
    await expect(write(rival, (db) => storeApiKey(db, stored(apiKeyId, vendor)))).rejects.toThrow('row-level security');
  });
});

test('An organization sees only its own profile', async () => {
  expect(await as(vendor, (db) => organizationById(db, vendor))).toMatchObject({
    organizationId: vendor,
    name: 'Vendor Ltd',
    timeZone: 'Europe/Vienna',
    closedAt: null,
  });
  expect(await as(vendor, (db) => organizationById(db, rival))).toBeNull();
});
