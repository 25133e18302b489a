import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { createFastFold } from '../../../src/projections/rebuild/fold-fast.ts';
import { checkStreams } from '../../../src/projections/verify/check-streams.ts';
import { inSnapshot } from '../../../src/projections/verify/in-snapshot.ts';
import { customer, rival, testId } from '../../support/license-fixtures.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project, verdictOn } from '../../support/read-models.ts';
import {
  before,
  device,
  evict,
  inOldOrder,
  lease,
  logOf,
  off,
  remove,
  transferTo,
  user,
  userIds,
  withPartsOfProduct,
} from './ending-logs.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

const parts = (licenseId: string) => `
  select activation_id as id, holder_org_id as holder, cause from rm.activations where license_id = '${licenseId}'
  union all select lease_id, holder_org_id, cause from rm.leases where license_id = '${licenseId}'
  union all select user_ref, holder_org_id, cause from rm.license_users where license_id = '${licenseId}' order by id`;

/** Returns the parts of the license after a log, as `id: 'holder cause'`. */
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
    const fold = createFastFold(models.loader, licensesMax);
    for (let first = 0; first < log.length; first += size) await fold.add(log.slice(first, first + size));
    await fold.finish();
    return dumpReadModels(models.superuser);
  },
});

const differences = (log: readonly Recorded[]) =>
  inSnapshot(models.projector, (db) =>
    checkStreams([...new Set(log.map(({ stream }) => stream))], {
      store: {
        read: async (stream) => ({
          events: log.filter((recorded) => recorded.stream === stream),
          revision: 'no_stream',
        }),
      },
      db,
      upTo: log.at(-1)?.position.commit ?? 0n,
    }),
  );

const allEnded = (cause: string) => ({
  a1: `customer ${cause}`,
  a2: 'customer ADMIN',
  a3: `customer ${cause}`,
  a4: `customer ${cause}`,
  l1: `customer ${cause}`,
  l2: `customer ${cause}`,
});
const users = (state: string) => ({ u1: state, u2: state, u3: state });
const givenToRival = {
  a1: 'rival open',
  a2: 'customer ADMIN',
  a3: 'rival open',
  a4: 'rival open',
  l1: 'rival open',
};

const revoked: LicenseEvent = { type: 'LicenseRevoked', data: { reasonCode: 'FRAUD' } };
const released: LicenseEvent = {
  type: 'LicenseTransferred',
  data: { fromHolderOrgId: customer, toHolderOrgId: rival, expiry: 'KEEP', activations: 'RELEASE' },
};

describe.each([
  {
    name: 'A transfer that keeps devices gives the open parts to the new holder',
    log: () => logOf([...before, transferTo(rival, 'KEEP'), device('a5'), off('a1')]).ledger.log,
    parts: { ...givenToRival, a1: 'rival ADMIN', a5: 'rival open', l2: 'rival open', ...users('rival open') },
  },
  {
    name: 'A transfer that releases devices ends the parts, which stay with the old holder',
    log: () => logOf([...before, transferTo(rival, 'RELEASE'), device('a5'), user('u1')]).ledger.log,
    parts: { ...allEnded('TRANSFER'), ...users('customer TRANSFER'), a5: 'rival open', u1: 'rival open' },
  },
  {
    name: 'A transfer in the old order ends the parts, which stay with the old holder',
    log: () => inOldOrder('TRANSFER', released),
    parts: { ...allEnded('TRANSFER'), ...users('customer TRANSFER') },
  },
  {
    name: 'A license that is transferred back and forth leaves each part with its last holder',
    log: () =>
      logOf([
        ...before,
        transferTo(rival, 'KEEP'),
        off('a1'),
        transferTo(customer, 'RELEASE'),
        device('a5'),
        lease('l3'),
        transferTo(rival, 'KEEP'),
        off('a5'),
        transferTo(null, 'KEEP'),
        transferTo(customer, 'KEEP'),
      ]).ledger.log,
    parts: {
      a1: 'rival ADMIN',
      a2: 'customer ADMIN',
      a3: 'rival TRANSFER',
      a4: 'rival TRANSFER',
      a5: 'rival ADMIN',
      l1: 'rival TRANSFER',
      l2: 'rival TRANSFER',
      l3: 'customer open',
      ...users('rival TRANSFER'),
    },
  },
  {
    name: 'A revocation ends devices and seats, and keeps the users',
    log: () => logOf([...before, { type: 'Revoke', data: { reasonCode: 'FRAUD' } }]).ledger.log,
    parts: { ...allEnded('LICENSE_REVOKED'), ...users('customer open') },
  },
  {
    name: 'A revocation in the old order ends devices and seats',
    log: () => inOldOrder('LICENSE_REVOKED', revoked),
    parts: { ...allEnded('LICENSE_REVOKED'), ...users('customer open') },
  },
  {
    name: 'The last removed product ends all devices and seats',
    log: () => logOf([...before, remove('cloud_ide'), remove('local_cli')]).ledger.log,
    parts: { ...allEnded('PRODUCT_REMOVED'), ...users('customer open') },
  },
  {
    name: 'A product that an earlier program removed ends only its own devices and seats',
    log: () => withPartsOfProduct(),
    parts: {
      a1: 'customer open',
      a2: 'customer ADMIN',
      a3: 'customer open',
      a4: 'customer PRODUCT_REMOVED',
      l1: 'customer open',
      l2: 'customer PRODUCT_REMOVED',
      ...users('customer open'),
    },
  },
  {
    name: 'Lower limits end the oldest open parts, and nothing that comes later',
    log: () => logOf([...before, evict(1, 1, 2), evict(3, 2, 2), device('a5'), off('a4'), evict(1, 2, 1)]).ledger.log,
    parts: {
      a1: 'customer LIMIT_LOWERED',
      a2: 'customer ADMIN',
      a3: 'customer LIMIT_LOWERED',
      a4: 'customer ADMIN',
      a5: 'customer open',
      l1: 'customer LIMIT_LOWERED',
      l2: 'customer open',
      u1: 'customer LIMIT_LOWERED',
      u2: 'customer LIMIT_LOWERED',
      u3: 'customer open',
    },
  },
  {
    name: 'A user who is assigned again counts as the newest when limits are lowered',
    log: () =>
      logOf([
        ...before,
        { type: 'UnassignUser', data: { userRef: testId('usr', 'u1'), cause: 'ADMIN' } } as const,
        user('u1'),
        evict(100, 100, 1),
      ]).ledger.log,
    parts: {
      a1: 'customer open',
      a2: 'customer ADMIN',
      a3: 'customer open',
      a4: 'customer open',
      l1: 'customer open',
      l2: 'customer open',
      u1: 'customer open',
      u2: 'customer LIMIT_LOWERED',
      u3: 'customer LIMIT_LOWERED',
    },
  },
])('$name', ({ log: build, parts: expected }) => {
  const log = build();

  test('and the rows show it', async () => {
    expect(await partsAfter(log)).toEqual(expected);
  });

  test('and the rows are the same in batches of any size, in a rebuild and in memory', async () => {
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

test('A decisive event ends its parts at once, before the announcements', async () => {
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

test('A user who is assigned again before the announcement of the end stays assigned', async () => {
  const { ledger, licenseId } = logOf([...before, evict(100, 100, 0)]);
  const decisive = ledger.log.findLastIndex(({ type }) => type === 'LicenseLimitsChanged');
  const announcements = ledger.log.slice(decisive + 1).filter(({ stream }) => stream === `license-${licenseId}`);
  expect(announcements.map(({ type }) => type)).toEqual(['UserUnassigned', 'UserUnassigned', 'UserUnassigned']);
  // Another server may continue the stream with the assignment before the announcements.
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
      revision: next + 1n + BigInt(index),
      position: at(index + 1),
    })),
  ];
  expect(await partsAfter(log)).toMatchObject({ u1: 'customer open', u2: 'customer LIMIT_LOWERED' });
  expect(await differences(log)).toEqual([]);
});
