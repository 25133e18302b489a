import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secondsMax } from '../../../src/domain/catalog/policy-checks.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const at = (seconds: number) => new Date(testInstant(seconds));
const [ada, bob] = [testId('usr', 'ada'), testId('usr', 'bob')];
const policy = { lease: { scope: 'MACHINE', ttlSeconds: 60, resurrectSeconds: 600, borrowMaxSeconds: 900 } } as const;

type Sent = LicenseCommand extends infer Each ? (Each extends LicenseCommand ? Omit<Each, 'at'> : never) : never;
const acquire = (leaseId: string, fields: object = {}): Sent => ({
  type: 'AcquireLease',
  data: {
    leaseId,
    holderHash: testHash(leaseId),
    product: 'local_cli',
    userRef: null,
    borrowSeconds: null,
    dead: [],
    ...fields,
  },
});
const assign = (userRef: string): Sent => ({ type: 'AssignUser', data: { userRef } });
const unassign = (userRef: string): Sent => ({ type: 'UnassignUser', data: { userRef, cause: 'ADMIN' } });
const transferTo = (toHolderOrgId: string | null, activations: 'KEEP' | 'RELEASE' = 'KEEP'): Sent => ({
  type: 'Transfer',
  data: { toHolderOrgId, accepted: true, expiry: 'KEEP', activations },
});

/** A license of the customer, issued in the first second. Each command comes a second after the previous one. */
const logOf = (...commands: readonly Sent[]) => {
  const ledger = createLog();
  const licenseId = ledger.issue('parts', { holderOrgId: customer, policy, seats: 5, users: 3 });
  for (const command of commands) expect(ledger.send(licenseId, command), command.type).not.toEqual([]);
  return { ledger, licenseId };
};

describe.each([1, 2, 500])('In batches of %i', (batchSize) => {
  /** Returns the rows that a log makes, and verifies them. */
  const rowsAfter = async ({ ledger }: ReturnType<typeof logOf>, sql: string) => {
    await emptyReadModels(models.superuser);
    await project(models.projector, ledger.log, batchSize);
    expect(await verdictOn(models.projector, ledger.log)).toMatchObject({ intact: true });
    return (await models.superuser.query(sql)).rows;
  };

  test('an open lease has its license, its product and the instant of its lapse', async () => {
    const built = logOf(assign(ada), acquire('l1', { userRef: ada }));
    expect(await rowsAfter(built, 'select * from rm.leases')).toEqual([
      {
        issuer_org_id: vendor,
        holder_org_id: customer,
        license_id: built.licenseId,
        lease_id: 'l1',
        scope: 'MACHINE',
        product: 'local_cli',
        holder_hash: Buffer.from(testHash('l1'), 'hex'),
        user_ref: ada,
        borrowed: false,
        ttl_seconds: '60',
        acquired_at: at(3),
        expires_at: at(63),
        ended_at: null,
        cause: null,
        last_seen_at: null,
        seat_free_at: null,
        revision: '3',
      },
    ]);
  });

  test('a lease can live as long as any policy allows', async () => {
    const ledger = createLog();
    const longest = { lease: { ...policy.lease, ttlSeconds: secondsMax } };
    const licenseId = ledger.issue('long', { policy: longest, seats: 1 });
    ledger.send(licenseId, acquire('l1'));
    expect(await rowsAfter({ ledger, licenseId }, 'select ttl_seconds from rm.leases')).toEqual([
      { ttl_seconds: `${secondsMax}` },
    ]);
  });

  test('an ended lease has its cause and the instant at which its seat is free', async () => {
    const built = logOf(
      acquire('given back'),
      acquire('lost'),
      acquire('taken back', { borrowSeconds: 300 }),
      { type: 'ReleaseLease', data: { leaseId: 'given back', by: 'USER' } },
      { type: 'ReleaseLease', data: { leaseId: 'taken back', by: 'ADMIN' } },
      ...Array.from({ length: 60 }, (_, user) => (user % 2 === 0 ? assign(ada) : unassign(ada))),
      { type: 'LapseLease', data: { leaseId: 'lost', lastSeenAt: testInstant(3) } },
    );
    const columns = 'lease_id as lease, borrowed, ended_at as ended, cause, last_seen_at as seen, seat_free_at as free';
    expect(await rowsAfter(built, `select ${columns} from rm.leases order by lease_id`)).toEqual([
      { lease: 'given back', borrowed: false, ended: at(5), cause: 'USER', seen: null, free: null },
      { lease: 'lost', borrowed: false, ended: at(63), cause: 'LAPSED', seen: at(3), free: null },
      { lease: 'taken back', borrowed: true, ended: at(6), cause: 'ADMIN', seen: null, free: at(304) },
    ]);
  });

  test('a borrowed lease that is extended ends later', async () => {
    const built = logOf(acquire('l1', { borrowSeconds: 300 }), {
      type: 'RenewLease',
      data: { leaseId: 'l1', borrowSeconds: 600 },
    });
    expect(await rowsAfter(built, 'select expires_at, ended_at from rm.leases')).toEqual([
      { expires_at: at(603), ended_at: null },
    ]);
  });

  test('a lapsed lease that is acquired again is open and has no end', async () => {
    const built = logOf(
      acquire('l1'),
      ...Array.from({ length: 60 }, (_, user) => (user % 2 === 0 ? assign(ada) : unassign(ada))),
      { type: 'LapseLease', data: { leaseId: 'l1', lastSeenAt: testInstant(2) } },
      { type: 'RenewLease', data: { leaseId: 'l1', borrowSeconds: null } },
    );
    const sql = 'select acquired_at, expires_at, ended_at, cause, last_seen_at from rm.leases';
    expect(await rowsAfter(built, sql)).toEqual([
      { acquired_at: at(64), expires_at: at(124), ended_at: null, cause: null, last_seen_at: null },
    ]);
  });

  test('a user can be assigned, unassigned and assigned again', async () => {
    const built = logOf(assign(ada), assign(bob), unassign(ada), unassign(bob), assign(bob));
    const sql = `select user_ref, assigned_at, unassigned_at, cause from rm.license_users order by assigned_at`;
    expect(await rowsAfter(built, sql)).toEqual([
      { user_ref: ada, assigned_at: at(2), unassigned_at: at(4), cause: 'ADMIN' },
      { user_ref: bob, assigned_at: at(6), unassigned_at: null, cause: null },
    ]);
  });

  test('an activation has all data of its event', async () => {
    const device = { platform: 'linux', appVersion: '2.1.0', components: { disk: testHash('disk') }, userRef: ada };
    const built = logOf(assign(ada), {
      type: 'Activate',
      data: {
        activationId: testId('act', 'a'),
        fingerprintHash: testHash('a'),
        product: 'local_cli',
        ...device,
        nameRef: testId('ref', 'a'),
        environment: 'ci',
      },
    });
    expect(await rowsAfter(built, 'select * from rm.activations')).toEqual([
      {
        activation_id: testId('act', 'a'),
        issuer_org_id: vendor,
        holder_org_id: customer,
        license_id: built.licenseId,
        fingerprint_hash: Buffer.from(testHash('a'), 'hex'),
        product: 'local_cli',
        components: { disk: testHash('disk') },
        user_ref: ada,
        environment: 'ci',
        name_ref: testId('ref', 'a'),
        platform: 'linux',
        app_version: '2.1.0',
        overage: false,
        revision: '3',
        activated_at: at(3),
        metadata_ref: null,
        unseen_since: null,
        deactivates_at: null,
        deactivated_at: null,
        cause: null,
      },
    ]);
  });

  const holders = `
    select 'activation' as part, activation_id as id, holder_org_id as holder from rm.activations
    union all select 'lease', lease_id, holder_org_id from rm.leases
    union all select 'user', user_ref, holder_org_id from rm.license_users order by 1, 2`;
  const device = (name: string): Sent => ({
    type: 'Activate',
    data: {
      activationId: name,
      fingerprintHash: testHash(name),
      product: 'local_cli',
      nameRef: null,
      platform: null,
      appVersion: null,
    },
  });
  const off = (name: string): Sent => ({
    type: 'Deactivate',
    data: { device: { fingerprintHash: testHash(name) }, by: 'ADMIN' },
  });
  const release = (leaseId: string): Sent => ({ type: 'ReleaseLease', data: { leaseId, by: 'USER' } });

  test('a transfer gives open parts to the new holder, and leaves ended parts with the old one', async () => {
    const built = logOf(
      device('a1'),
      device('a2'),
      off('a1'),
      acquire('l1'),
      acquire('l2'),
      release('l1'),
      assign(ada),
      assign(bob),
      unassign(ada),
      transferTo(rival),
      device('a3'),
      off('a2'),
      release('l2'),
      unassign(bob),
    );
    expect(await rowsAfter(built, holders)).toEqual([
      { part: 'activation', id: 'a1', holder: customer },
      { part: 'activation', id: 'a2', holder: rival },
      { part: 'activation', id: 'a3', holder: rival },
      { part: 'lease', id: 'l1', holder: customer },
      { part: 'lease', id: 'l2', holder: rival },
      ...[ada, bob].map((id) => ({ part: 'user', id, holder: id === ada ? customer : rival })).toSorted(byId),
    ]);
  });

  test('a transfer back and forth leaves open parts with the last holder, and released parts with the previous one', async () => {
    const built = logOf(
      device('a1'),
      acquire('l1'),
      assign(ada),
      transferTo(rival),
      transferTo(null),
      transferTo(rival),
      transferTo(customer, 'RELEASE'),
      device('a2'),
    );
    expect(await rowsAfter(built, holders)).toEqual([
      { part: 'activation', id: 'a1', holder: rival },
      { part: 'activation', id: 'a2', holder: customer },
      { part: 'lease', id: 'l1', holder: rival },
      { part: 'user', id: ada, holder: rival },
    ]);
    const ended = `select (select cause from rm.leases), (select cause from rm.license_users) as of_user`;
    expect((await models.superuser.query(ended)).rows).toEqual([{ cause: 'TRANSFER', of_user: 'TRANSFER' }]);
  });
});

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
