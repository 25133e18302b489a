import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { foldBatch } from '../../src/projections/fold/fold-batch.ts';
import { nothingStored } from '../../src/projections/fold/fold-event.ts';
import { createValidationReader } from '../../src/projections/queries/validation.ts';
import { noDetails, type WantedDetails } from '../../src/projections/queries/validation-details.ts';
import { noteCheckIn } from '../../src/records/check-ins.ts';
import { noteHeartbeat } from '../../src/records/lease-liveness.ts';
import { createLog, rival, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

const ledger = createLog();
const ttlSeconds = 100;
const lease = { scope: 'INSTANCE', ttlSeconds, resurrectSeconds: 0, borrowMaxSeconds: 86_400 } as const;
const licenseId = ledger.issue('floating', { seats: 5, users: 5, policy: { lease, fingerprintMatching: 'ANY' } });
const other = ledger.issue('other', { issuerOrgId: rival, seats: 5, users: 5 });
const user = testId('usr', 'ada');
const leaseOf = (holder: string) => testId('lea', holder);
/** Gives a holder a seat. Returns until when it lives without a heartbeat. */
const acquire = (holder: string, borrowSeconds: number | null = null): string => {
  const data = { leaseId: leaseOf(holder), holderHash: testHash(holder), product: null, userRef: null };
  const [event] = ledger.send(licenseId, { type: 'AcquireLease', data: { ...data, borrowSeconds, dead: [] } });
  return String(event?.data.expiresAt);
};
const activateWith = (device: string, components: Readonly<Record<string, string>>, license = licenseId) =>
  ledger.send(license, {
    type: 'Activate',
    data: {
      activationId: testId('act', device),
      fingerprintHash: testHash(device),
      components,
      product: null,
      nameRef: null,
      platform: null,
      appVersion: null,
    },
  });

const forNobody = { userRef: null, environment: null };

let models: Awaited<ReturnType<typeof createReadModels>>;
let license: LicenseFacts;
const ends: Record<string, string> = {};
beforeAll(async () => {
  models = await createReadModels();
  for (const holder of ['heard', 'silent', 'released']) ends[holder] = acquire(holder);
  ends.borrowed = acquire('borrowed', 5_000);
  ledger.send(licenseId, { type: 'ReleaseLease', data: { leaseId: leaseOf('released'), by: 'USER' } });
  for (const license of [licenseId, other]) ledger.send(license, { type: 'AssignUser', data: { userRef: user } });
  ledger.send(licenseId, { type: 'AssignUser', data: { userRef: testId('usr', 'gone') } });
  const unassign = { userRef: testId('usr', 'gone'), cause: 'ADMIN' } as const;
  ledger.send(licenseId, { type: 'UnassignUser', data: unassign });
  activateWith('laptop', { cpu: testHash('cpu'), disk: testHash('disk') });
  activateWith('desktop', { cpu: testHash('other cpu') });
  activateWith('released', { cpu: testHash('third cpu') });
  ledger.deactivate(licenseId, 'released');
  activateWith('foreign', { cpu: testHash('cpu') }, other);
  await project(models.projector, ledger.log);
  const facts = foldBatch(ledger.log, nothingStored).licenses.get(licenseId)?.facts;
  if (facts === undefined) throw new Error('The license was not issued.');
  license = facts;
});
afterAll(() => models.drop());

const details = (request: WantedDetails) =>
  createValidationReader(models.api).details({ facts: license, isParked: false }, request);
const leaseUntil = async (...holders: readonly string[]) =>
  (await details({ holderHashes: holders.map(testHash) })).leaseUntil;
const hear = (holder: string, seconds: number) =>
  asTenant(
    models.api,
    vendor,
    (db) => noteHeartbeat(db, license, { leaseId: leaseOf(holder), seenAt: testInstant(seconds) }),
    {
      readOnly: false,
    },
  );

test('A request for no details returns none', async () => {
  expect(await details({})).toEqual(noDetails);
});

describe('The lease of a holder', () => {
  test('lives until its end without a heartbeat, and for its time to live after the last one', async () => {
    expect(await leaseUntil('silent')).toBe(ends.silent);
    await hear('heard', 0);
    expect(await leaseUntil('heard')).toBe(ends.heard);
    await hear('heard', 70);
    expect(await leaseUntil('heard')).toBe(testInstant(70 + ttlSeconds));
  });

  test('that is borrowed ends at its end, also after a heartbeat', async () => {
    await hear('borrowed', 4_990);
    expect(await leaseUntil('borrowed')).toBe(ends.borrowed);
  });

  test('is found by any of its hashes, but not for a stranger, after its release or on another license', async () => {
    expect(await leaseUntil('unknown', 'silent')).toBe(ends.silent);
    const { leaseHolder } = await details({ holderHashes: ['unknown', 'silent'].map(testHash) });
    expect(leaseHolder).toBe(testHash('silent'));
    expect(await leaseUntil('unknown')).toBeNull();
    expect(await leaseUntil('released')).toBeNull();
    const elsewhere = { facts: { ...license, issuerOrgId: rival, licenseId: other }, isParked: false };
    const { details: of } = createValidationReader(models.api);
    expect((await of(elsewhere, { holderHashes: [testHash('silent')] })).leaseUntil).toBeNull();
  });

  test('that lapsed has the instant of its lapse, unlike a holder without a lease', async () => {
    const lapse = { leaseId: leaseOf('silent'), lastSeenAt: testInstant(0) };
    for (let second = 0; second < 120; second++) ledger.suspend(other);
    const [event] = ledger.send(licenseId, { type: 'LapseLease', data: lapse });
    await project(models.projector, ledger.log);
    expect(event?.metadata.effectiveAt).toBe(ends.silent);
    expect(await leaseUntil('silent')).toBe(ends.silent);
  });
});

test('An assigned user is found by any of the references, and only on this license', async () => {
  const assigned = async (...names: readonly string[]) =>
    (await details({ userRefs: names.map((name) => testId('usr', name)) })).assignedUser;
  const users = await Promise.all([assigned('ada'), assigned('bob', 'ada'), assigned('bob'), assigned('gone')]);
  expect(users).toEqual([user, user, null, null]);
});

test('An activation is found by its id while it is open, and only on its license', async () => {
  const fingerprint = async (device: string) =>
    (await details({ activationId: testId('act', device) })).namedFingerprint;
  const found4 = await Promise.all([fingerprint('laptop'), fingerprint('released'), fingerprint('foreign')]);
  expect(found4).toEqual([testHash('laptop'), null, null]);
});

test('Open devices are found by any named part under any secret, in the order of their activation', async () => {
  const devices = async (...components: readonly Readonly<Record<string, string>>[]) =>
    (await details({ components })).devices.map(({ id }) => id);
  const [laptop, desktop] = [testId('act', 'laptop'), testId('act', 'desktop')];
  expect(await devices({ cpu: testHash('cpu'), disk: testHash('x') })).toEqual([laptop]);
  expect(await devices({ cpu: testHash('other cpu') }, { disk: testHash('disk') })).toEqual([laptop, desktop]);
  expect(await devices({ disk: testHash('cpu') })).toEqual([]);
  expect(await devices({ cpu: testHash('third cpu') })).toEqual([]);
  expect(await devices({}, {})).toEqual([]);
  const { devices: found1 } = await details({ components: [{ disk: testHash('disk') }] });
  const components = { cpu: testHash('cpu'), disk: testHash('disk') };
  expect(found1).toEqual([{ id: laptop, fingerprintHash: expect.any(String), components, ...forNobody }]);
});

test('The last check-in is the latest recorded one', async () => {
  expect((await details({ checkIn: true })).lastCheckInAt).toBeNull();
  for (const seconds of [50, 40]) {
    await asTenant(models.api, vendor, (db) => noteCheckIn(db, license, testInstant(seconds)), { readOnly: false });
  }
  expect((await details({ checkIn: true })).lastCheckInAt).toBe(testInstant(50));
  expect((await details({})).lastCheckInAt).toBeNull();
});

test('The function leaves no tenant on the connection, and other roles may not call it', async () => {
  const db = await models.api.connect();
  await db.query('begin');
  await db.query('select * from rm.validation_details($1, $2, null, null, null, null, true, null)', [
    vendor,
    licenseId,
  ]);
  expect((await db.query(`select current_setting('app.org_id', true) as org`)).rows).toEqual([{ org: '' }]);
  await db.query('rollback');
  db.release();
  const ask = 'select * from rm.validation_details(null, null, null, null, null, null, false, null)';
  for (const pool of [models.projector, models.worker]) await expect(pool.query(ask)).rejects.toThrow('denied');
});
