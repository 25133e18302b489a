import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { soleAttempt } from '../../../src/application/idempotent-attempt.ts';
import { createOrganization } from '../../../src/application/organizations/create-organization.ts';
import type { FreeOrganizationNeeds } from '../../../src/application/organizations/free-organizations.ts';
import { isRefusal } from '../../../src/application/refusal.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { takePlace } from '../../../src/identity/organization-places.ts';
import { organizationsOfUser } from '../../../src/projections/queries/organizations-of-user.ts';
import { context, send } from '../../support/commands.ts';
import type { Ledger, TestMember } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { joinOrganization } from '../../support/users.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});

const newUser = () => ledger.createMember(ledger.b.organizationId, 'MEMBER');
const create = ({ accessToken }: TestMember, headers: Readonly<Record<string, string>> = {}) =>
  ledger.call('POST', '/v1/organizations', { key: accessToken, body: { name: 'Free' }, headers });
const createMany = async (user: TestMember, count: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) ids.push(String((await create(user)).body.id));
  return ids;
};

/** What a process of its own has: another executor, and so another cache. */
const otherProcess = (tierOf: (organizationId: string) => 'FREE' | 'PRO' = () => 'FREE'): FreeOrganizationNeeds => ({
  ...ledger.needs,
  executor: createExecutor({ store: ledger.store.connect() }),
  platformLicense: async (organizationId) => ({ tier: tierOf(organizationId), entitlements: [] }),
  accounts: { defaultTier: 'FREE' },
});
const createIn = async (needs: FreeOrganizationNeeds, { userId }: TestMember): Promise<boolean> => {
  const call = { requestId: randomUUID(), correlationId: randomUUID(), expectedRevision: null, actsFor: () => {} };
  const attempt = soleAttempt(needs.pool, { hashes: [randomUUID()], secret: '' });
  return !isRefusal(await createOrganization(needs, { call, attempt, userId }, { name: 'Free' }));
};

/** Creates an organization of the user like a build without this limit. */
const createEarlier = async ({ userId }: TestMember): Promise<void> => {
  const organizationId = encodeId('org', randomUUID());
  const data = { organizationId, name: 'Earlier', founderId: userId };
  const command = { type: 'CreateOrganization', at: ledger.needs.now(), by: { type: 'SYSTEM' }, data } as const;
  const done = await send(ledger.executor, organizationAggregate, organizationId, command, context(), () => null);
  if ('rejected' in done) throw new Error(done.detail);
  await ledger.projected.waitFor(done.position.commit, 10_000);
};

test('Of twenty requests at once in two processes, five create an organization in tier FREE', async () => {
  const user = await newUser();
  const other = otherProcess();
  const created = await Promise.all([
    ...Array.from({ length: 10 }, async () => {
      const { status, body } = await create(user);
      if (status !== 201) expect([status, body.code]).toEqual([409, 'QUOTA_EXCEEDED']);
      return status === 201;
    }),
    ...Array.from({ length: 10 }, () => createIn(other, user)),
  ]);
  expect(created.filter(Boolean)).toHaveLength(5);
  expect((await create(user)).status).toBe(409);
});

test('A repeated request gets its first answer, also when no place is left', async () => {
  const user = await newUser();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await create(user, headers);
  await createMany(user, 4);
  const again = await create(user, headers);
  expect([again.status, again.body.id]).toEqual([201, first.body.id]);
});

test('A closed organization and one in another tier do not count, and one that was handed over does', async () => {
  const user = await newUser();
  const [closed = '', paid = '', handedOver = ''] = await createMany(user, 5);
  const needs = otherProcess((organizationId) => (organizationId === paid ? 'PRO' : 'FREE'));
  const heir = await newUser();
  const joined = await joinOrganization(ledger.needs, { ...heir, organizationId: handedOver, role: 'OWNER' });
  await ledger.projected.waitFor(joined, 10_000);
  await ordain(ledger, handedOver, { type: 'RemoveMember', data: { userId: user.userId, deactivated: [] } });
  expect((await create(user)).status).toBe(409);
  await ordain(ledger, closed, { type: 'CloseOrganization', data: {} });
  expect((await create(user)).status).toBe(201);
  expect((await create(user)).status).toBe(409);
  expect([await createIn(needs, user), await createIn(needs, user)]).toEqual([true, false]);
  // The heir did not create it.
  expect((await create(heir)).status).toBe(201);
});

test('A user who has created more before this limit keeps them, and creates none until fewer than five are open', async () => {
  const user = await newUser();
  for (let at = 0; at < 6; at += 1) await createEarlier(user);
  expect((await create(user)).status).toBe(409);
  const open = async () =>
    (await organizationsOfUser(ledger.database.api, user.userId)).filter(
      ({ closedAt, role }) => closedAt === null && role === 'OWNER',
    );
  const [first, second] = await open();
  expect(await open()).toHaveLength(6);
  for (const organization of [first, second])
    await ordain(ledger, organization?.organizationId ?? '', { type: 'CloseOrganization', data: {} });
  expect([(await create(user)).status, (await create(user)).status]).toEqual([201, 409]);
});

test('An attempt that died counts for a minute', async () => {
  const user = await newUser();
  await createMany(user, 4);
  const die = (takenAt: Date) =>
    takePlace(ledger.database.api, user.userId, {
      organizationId: encodeId('org', randomUUID()),
      ...{ takenAt, ended: [], others: 0, max: 5 },
    });
  const now = Date.parse(ledger.needs.now());
  expect(await die(new Date(now - 59_000))).toBe(true);
  expect(await die(new Date(now))).toBe(false);
  expect((await create(user)).status).toBe(409);
  const later = { ...otherProcess(), now: () => new Date(now + 2_000).toISOString() };
  expect(await createIn(later, user)).toBe(true);
});

test('The first organization of a signup counts', async () => {
  const email = `${randomUUID()}@vendor.example`;
  const signedUp = await ledger.call('POST', '/v1/auth/signup', {
    body: { email, password: 'four small green apples' },
  });
  expect(signedUp.status).toBe(201);
  const user = { accessToken: String(signedUp.body.accessToken) } as TestMember;
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(user)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
});
