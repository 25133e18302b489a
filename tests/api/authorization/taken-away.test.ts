import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger, type TestMember, type TestOrganization } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

type Cast = { readonly vendor: TestOrganization; readonly owner: TestMember; readonly member: TestMember };

const cast = async (): Promise<Cast> => {
  const vendor = await ledger.createVendor('Vendor');
  const [owner, member] = [
    await ledger.createMember(vendor.organizationId, 'OWNER'),
    await ledger.createMember(vendor.organizationId, 'ADMIN'),
  ];
  return { vendor, owner, member };
};

const list = async (key: string) => {
  const { status, body, headers } = await ledger.call('GET', '/v1/licenses', { key });
  return [status, status === 200 ? null : body.code, headers.get('retry-after')];
};
const allowed = [200, null, null];
const notYet = [503, 'NOT_PROJECTED_YET', '1'];

/** After this time no process remembers a credential. */
const later = async (work: () => Promise<unknown>) => {
  ledger.clock.aheadMs += 31_000;
  try {
    await work();
  } finally {
    ledger.clock.aheadMs -= 31_000;
  }
};

test.each([
  {
    what: 'a membership',
    take: ({ vendor, member }: Cast) =>
      ['DELETE', `/v1/organizations/${vendor.organizationId}/members/${member.userId}`, undefined] as const,
    credential: ({ member }: Cast) => member.accessToken,
    left: [401, 'UNAUTHENTICATED', null],
  },
  {
    what: 'a role',
    take: ({ vendor, member }: Cast) =>
      ['PATCH', `/v1/organizations/${vendor.organizationId}/members/${member.userId}`, { role: 'GUEST' }] as const,
    credential: ({ member }: Cast) => member.accessToken,
    left: [403, 'FORBIDDEN', null],
  },
  {
    what: 'a scope',
    take: ({ vendor }: Cast) => ['PATCH', `/v1/api-keys/${vendor.apiKeyId}`, { scopes: ['members:write'] }] as const,
    credential: ({ vendor }: Cast) => vendor.apiKey,
    left: [403, 'FORBIDDEN', null],
  },
  {
    what: 'everything, by closing the organization',
    take: ({ vendor }: Cast) => ['DELETE', `/v1/organizations/${vendor.organizationId}`, undefined] as const,
    credential: ({ vendor }: Cast) => vendor.apiKey,
    left: [401, 'UNAUTHENTICATED', null],
  },
])(
  '$what that was taken away gives no access, even before the read models know it',
  async ({ take, credential, left }) => {
    const everybody = await cast();
    const key = credential(everybody);
    expect(await list(key)).toEqual(allowed);
    const startProjector = await ledger.stopProjector();
    const [method, path, body] = take(everybody);
    const headers = { prefer: 'respond-async' };
    expect((await ledger.call(method, path, { key: everybody.owner.accessToken, body, headers })).status).toBeLessThan(
      300,
    );
    await later(async () => {
      expect(await list(key)).toEqual(notYet);
      expect(await list(ledger.b.apiKey)).toEqual(allowed);
      startProjector();
      await expect.poll(() => list(key), { timeout: 10_000 }).toEqual(left);
    });
  },
);

test('Rebuilt read models do not return access that was taken away', async () => {
  const { vendor, owner, member } = await cast();
  const path = `/v1/organizations/${vendor.organizationId}/members/${member.userId}`;
  expect((await ledger.call('DELETE', path, { key: owner.accessToken })).status).toBe(204);
  const startProjector = await ledger.stopProjector();
  const { superuser } = ledger.database;
  const { rows } = await superuser.query('select commit_position, prepare_position from ops.checkpoints');
  // As a rebuild from the start of the log is on its way: the member is there, and not yet removed.
  await superuser.query('update rm.memberships set removed_at = null where user_id = $1', [member.userId]);
  await superuser.query('update ops.checkpoints set commit_position = null, prepare_position = null');
  await later(async () => {
    expect(await list(member.accessToken)).toEqual(notYet);
    expect(await list(vendor.apiKey)).toEqual(notYet);
    // Nothing was ever taken away there.
    expect(await list(ledger.b.apiKey)).toEqual(allowed);
  });
  await superuser.query('update rm.memberships set removed_at = now() where user_id = $1', [member.userId]);
  await superuser.query('update ops.checkpoints set commit_position = $1, prepare_position = $2', [
    rows[0].commit_position,
    rows[0].prepare_position,
  ]);
  startProjector();
  await later(async () => expect(await list(member.accessToken)).toEqual([401, 'UNAUTHENTICATED', null]));
});

test('An organization with a parked stream gives no access by old rows', async () => {
  const { vendor, member } = await cast();
  const { superuser } = ledger.database;
  await superuser.query(
    `insert into ops.parked (projection, version, stream, from_revision, event_id, event_type, error)
      select projection, version, $1, 5, 'id', 'MemberRemoved', 'It does not fit.'
      from ops.projection_versions where state = 'active'`,
    [`organization-${vendor.organizationId}`],
  );
  await later(async () => {
    expect(await list(vendor.apiKey)).toEqual(notYet);
    expect(await list(member.accessToken)).toEqual(notYet);
    expect(await list(ledger.b.apiKey)).toEqual(allowed);
    // Who signs out or goes elsewhere needs no organization.
    expect((await ledger.call('GET', '/v1/auth/sessions', { key: member.accessToken })).status).toBe(200);
  });
  await superuser.query('delete from ops.parked');
  expect(await list(member.accessToken)).toEqual(allowed);
});
