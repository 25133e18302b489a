import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { createFastFold } from '../../../src/projections/rebuild/fold-fast.ts';
import { checkStreams } from '../../../src/projections/verify/check-streams.ts';
import { createLog, customer, rival, testHash, testId, testInstant } from '../../support/license-fixtures.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

type Sent = LicenseCommand extends infer Each ? (Each extends LicenseCommand ? Omit<Each, 'at'> : never) : never;

const device = (name: string, product = 'local_cli'): Sent => ({
  type: 'Activate',
  data: {
    ...{ activationId: name, fingerprintHash: testHash(name), product },
    ...{ nameRef: null, platform: null, appVersion: null },
  },
});
const lease = (leaseId: string, product = 'local_cli'): Sent => ({
  type: 'AcquireLease',
  data: { leaseId, holderHash: testHash(leaseId), product, userRef: null, borrowSeconds: null, dead: [] },
});
const userIds = new Map(['u1', 'u2', 'u3'].map((name) => [testId('usr', name), name]));
const user = (name: string): Sent => ({ type: 'AssignUser', data: { userRef: testId('usr', name) } });
const off = (name: string): Sent => ({
  type: 'Deactivate',
  data: { device: { fingerprintHash: testHash(name) }, by: 'ADMIN' },
});
const transferTo = (toHolderOrgId: string | null, activations: 'KEEP' | 'RELEASE'): Sent => ({
  type: 'Transfer',
  data: { toHolderOrgId, accepted: true, expiry: 'KEEP', activations },
});
const evict = (activations: number, seats: number, users: number): Sent => ({
  type: 'ChangeLimits',
  data: { limits: { activations, seats, users, meters: {} }, strategy: 'EVICT_OLDEST' },
});

// Everything that the license has when the decisive event comes: a2 was deactivated and activated again by another id.
const before = [
  ...[device('a1'), device('a2', 'cloud_ide'), device('a3'), off('a2'), lease('l1'), lease('l2', 'cloud_ide')],
  ...[user('u1'), user('u2'), device('a4', 'cloud_ide'), user('u3')],
];

/** A license of the customer's and, between its events, those of another one, which nothing may end. */
const logOf = (commands: readonly Sent[]) => {
  const ledger = createLog();
  const policy = { lease: { scope: 'MACHINE', ttlSeconds: 60, resurrectSeconds: 600, borrowMaxSeconds: 900 } } as const;
  const options = { policy, activations: 100, seats: 100, users: 100, holderOrgId: customer };
  const [licenseId, other] = [ledger.issue('ends', options), ledger.issue('other', options)];
  for (const [index, command] of commands.entries()) {
    expect(ledger.send(licenseId, command), JSON.stringify(command)).not.toEqual([]);
    ledger.send(other, device(`o${index}`));
  }
  return { ledger, licenseId };
};

// The events that a program from before `ends` wrote: what a decisive event ends was announced before it, with the owners
// from after it in every envelope.
const inOldOrder = (cause: 'TRANSFER' | 'LICENSE_REVOKED', decisive: LicenseEvent) => {
  const { ledger, licenseId } = logOf(before);
  const holderOrgId = cause === 'TRANSFER' ? rival : customer;
  const { issuerOrgId = '' } = { issuerOrgId: String(ledger.log[0]?.metadata.issuerOrgId) };
  const events: readonly LicenseEvent[] = [
    ...['a1', 'a3', 'a4'].map(
      (activationId, index) =>
        ({ type: 'ActivationDeactivated', data: { activationId, cause, countAfter: 2 - index } }) as const,
    ),
    ...['l1', 'l2'].map(
      (leaseId, index) =>
        ({ type: 'LeaseReleased', data: { leaseId, cause, inUseAfter: 1 - index, seatFreeAt: null } }) as const,
    ),
    ...(cause === 'TRANSFER' ? ['u1', 'u2', 'u3'] : []).map(
      (name, index) =>
        ({
          type: 'UserUnassigned',
          data: { userRef: testId('usr', name), cause: 'TRANSFER', countAfter: 2 - index },
        }) as const,
    ),
    decisive,
  ];
  ledger.append(`license-${licenseId}`, events, { issuerOrgId, holderOrgId }, testInstant(1_000));
  return ledger.log;
};

const parts = (licenseId: string) => `
  select activation_id as id, holder_org_id as holder, cause from rm.activations where license_id = '${licenseId}'
  union all select lease_id, holder_org_id, cause from rm.leases where license_id = '${licenseId}'
  union all select user_ref, holder_org_id, cause from rm.license_users where license_id = '${licenseId}' order by id`;

/** The parts of the license after a log, as `id: holder, cause` in few letters. */
const partsAfter = async (log: readonly Recorded[]): Promise<Readonly<Record<string, string>>> => {
  await emptyReadModels(models.superuser);
  await project(models.projector, log);
  const { rows } = await models.superuser.query(parts(testId('lic', 'ends')));
  const names = new Map([
    [customer, 'customer'],
    [rival, 'rival'],
  ]);
  return Object.fromEntries(
    rows.map(({ id, holder, cause }) => [userIds.get(id) ?? id, `${names.get(holder)} ${cause ?? 'open'}`]),
  );
};

const rowsAfter = (log: readonly Recorded[]) => ({
  inBatchesOf: async (size: number) => {
    await emptyReadModels(models.superuser);
    await project(models.projector, log, size);
    return dumpReadModels(models.superuser);
  },
  rebuiltInPartsOf: async (size: number, licensesMax: number) => {
    await emptyReadModels(models.superuser);
    const fold = createFastFold(models.projector, licensesMax);
    for (let first = 0; first < log.length; first += size) await fold.add(log.slice(first, first + size));
    await fold.finish();
    return dumpReadModels(models.superuser);
  },
});

const differences = (log: readonly Recorded[]) =>
  transaction(models.projector, 'begin read only', (db) =>
    checkStreams([...new Set(log.map(({ stream }) => stream))], {
      store: {
        read: async (stream) => ({ events: log.filter((each) => each.stream === stream), revision: 'no_stream' }),
      },
      db,
      upTo: log.at(-1)?.position.commit ?? 0n,
    }),
  );

const allEnded = (cause: string) => ({
  ...{ a1: `customer ${cause}`, a2: 'customer ADMIN', a3: `customer ${cause}`, a4: `customer ${cause}` },
  ...{ l1: `customer ${cause}`, l2: `customer ${cause}` },
});
const users = (state: string) => ({ u1: state, u2: state, u3: state });
const given = {
  ...{ a1: 'rival open', a2: 'customer ADMIN', a3: 'rival open', a4: 'rival open' },
  ...{ l1: 'rival open' },
};

const revoked: LicenseEvent = { type: 'LicenseRevoked', data: { reasonCode: 'FRAUD' } };
const released: LicenseEvent = {
  type: 'LicenseTransferred',
  data: { fromHolderOrgId: customer, toHolderOrgId: rival, expiry: 'KEEP', activations: 'RELEASE' },
};

describe.each([
  {
    name: 'a transfer that keeps devices gives what is open to the new holder',
    log: () => logOf([...before, transferTo(rival, 'KEEP'), device('a5'), off('a1')]).ledger.log,
    parts: { ...given, a1: 'rival ADMIN', a5: 'rival open', l2: 'rival open', ...users('rival open') },
  },
  {
    name: 'a transfer that releases devices ends them for the old holder',
    log: () => logOf([...before, transferTo(rival, 'RELEASE'), device('a5'), user('u1')]).ledger.log,
    parts: { ...allEnded('TRANSFER'), ...users('customer TRANSFER'), a5: 'rival open', u1: 'rival open' },
  },
  {
    name: 'a transfer that released devices in the old order ended them for the old holder',
    log: () => inOldOrder('TRANSFER', released),
    parts: { ...allEnded('TRANSFER'), ...users('customer TRANSFER') },
  },
  {
    name: 'a license that goes back and forth leaves each device with its last holder',
    log: () =>
      logOf([
        ...[
          ...before,
          transferTo(rival, 'KEEP'),
          off('a1'),
          transferTo(customer, 'RELEASE'),
          device('a5'),
          lease('l3'),
        ],
        ...[transferTo(rival, 'KEEP'), off('a5'), transferTo(null, 'KEEP'), transferTo(customer, 'KEEP')],
      ]).ledger.log,
    parts: {
      ...{ a1: 'rival ADMIN', a2: 'customer ADMIN', a3: 'rival TRANSFER', a4: 'rival TRANSFER', a5: 'rival ADMIN' },
      ...{ l1: 'rival TRANSFER', l2: 'rival TRANSFER', l3: 'customer open', ...users('rival TRANSFER') },
    },
  },
  {
    name: 'a revocation ends devices and seats, and leaves the users',
    log: () => logOf([...before, { type: 'Revoke', data: { reasonCode: 'FRAUD' } }]).ledger.log,
    parts: { ...allEnded('LICENSE_REVOKED'), ...users('customer open') },
  },
  {
    name: 'a revocation in the old order ended devices and seats',
    log: () => inOldOrder('LICENSE_REVOKED', revoked),
    parts: { ...allEnded('LICENSE_REVOKED'), ...users('customer open') },
  },
  {
    name: 'a removed product ends its devices and seats, and no others',
    log: () => logOf([...before, { type: 'RemoveProduct', data: { product: 'cloud_ide' } }, device('a5')]).ledger.log,
    parts: {
      ...{ a1: 'customer open', a2: 'customer ADMIN', a3: 'customer open', a4: 'customer PRODUCT_REMOVED' },
      ...{ a5: 'customer open', l1: 'customer open', l2: 'customer PRODUCT_REMOVED', ...users('customer open') },
    },
  },
  {
    name: 'lower limits end the oldest that are open, and nothing that comes later',
    log: () => logOf([...before, evict(1, 1, 2), evict(3, 2, 2), device('a5'), off('a4'), evict(1, 2, 1)]).ledger.log,
    parts: {
      ...{ a1: 'customer LIMIT_LOWERED', a2: 'customer ADMIN', a3: 'customer LIMIT_LOWERED', a4: 'customer ADMIN' },
      ...{ a5: 'customer open', l1: 'customer LIMIT_LOWERED', l2: 'customer open' },
      ...{ u1: 'customer LIMIT_LOWERED', u2: 'customer LIMIT_LOWERED', u3: 'customer open' },
    },
  },
  {
    name: 'a user who was assigned again is the newest, and is not ended with the oldest',
    log: () =>
      logOf([
        ...[
          ...before,
          { type: 'UnassignUser', data: { userRef: testId('usr', 'u1'), cause: 'ADMIN' } } as const,
          user('u1'),
        ],
        evict(100, 100, 1),
      ]).ledger.log,
    parts: {
      ...{ a1: 'customer open', a2: 'customer ADMIN', a3: 'customer open', a4: 'customer open', l1: 'customer open' },
      ...{ l2: 'customer open', u1: 'customer open', u2: 'customer LIMIT_LOWERED', u3: 'customer LIMIT_LOWERED' },
    },
  },
])('$name', ({ log: build, parts: expected }) => {
  const log = build();

  test('shows in the rows', async () => {
    expect(await partsAfter(log)).toEqual(expected);
  });

  test('makes the same rows in batches of any size, in a rebuild and in memory', async () => {
    const { inBatchesOf, rebuiltInPartsOf } = rowsAfter(log);
    const rows = await inBatchesOf(log.length);
    expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true });
    expect(await differences(log)).toEqual([]);
    for (const size of [1, 2, 7]) expect(await inBatchesOf(size)).toEqual(rows);
    for (const [size, licensesMax] of [
      [1, 0],
      [5, 100],
      [log.length, 0],
    ] as const)
      expect(await rebuiltInPartsOf(size, licensesMax)).toEqual(rows);
  });
});

test('what a decisive event ends is ended at the event, before anything of it is announced', async () => {
  const { ledger } = logOf([...before, { type: 'Revoke', data: { reasonCode: 'FRAUD' } }]);
  const decisive = ledger.log.findIndex(({ type }) => type === 'LicenseRevoked');
  const upToIt = ledger.log.slice(0, decisive + 1);
  expect(await partsAfter(upToIt)).toEqual({ ...allEnded('LICENSE_REVOKED'), ...users('customer open') });
  expect(await differences(upToIt)).toEqual([]);
  const { rows } = await models.superuser.query(
    `select (select count(*)::integer from rm.activations where cause = 'LICENSE_REVOKED' and deactivated_at = revoked_at) as ended
      from rm.licenses where revoked_at is not null`,
  );
  expect(rows).toEqual([{ ended: 3 }]);
});

test('a user whose end is still to be announced and who is assigned again stays assigned', async () => {
  const { ledger, licenseId } = logOf([...before, evict(100, 100, 0)]);
  const decisive = ledger.log.findLastIndex(({ type }) => type === 'LicenseLimitsChanged');
  const announcements = ledger.log.slice(decisive + 1).filter(({ stream }) => stream === `license-${licenseId}`);
  expect(announcements.map(({ type }) => type)).toEqual(['UserUnassigned', 'UserUnassigned', 'UserUnassigned']);
  // The same stream as another server would have gone on with it: the assignment comes before the announcements.
  const next = announcements[0]?.revision ?? 0n;
  const at = (index: number) => ({ commit: 1_000_000n + BigInt(index), prepare: 1_000_000n + BigInt(index) });
  const [assignment] = ledger.log.filter(
    ({ type, data }) => type === 'UserAssigned' && userIds.get(String(data.userRef)) === 'u1',
  );
  if (assignment === undefined) throw new Error('The fixture assigns nobody.');
  const log = [
    ...ledger.log.slice(0, decisive + 1),
    { ...assignment, revision: next, position: at(0) },
    ...announcements.map((event, index) => ({
      ...event,
      ...{ revision: next + 1n + BigInt(index), position: at(index + 1) },
    })),
  ];
  expect(await partsAfter(log)).toMatchObject({ u1: 'customer open', u2: 'customer LIMIT_LOWERED' });
  expect(await differences(log)).toEqual([]);
});
