import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { licenseById } from '../../../src/projections/queries/license-by-id.ts';
import { listLicenses } from '../../../src/projections/queries/lists/license-list.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { oneUse } from '../../support/one-use.ts';
import { createReadModels, project, verdictOn } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeEach(async () => {
  models = await createReadModels();
});
afterEach(() => models.drop());

type Sent = LicenseCommand extends infer Each ? (Each extends LicenseCommand ? Omit<Each, 'at'> : never) : never;

const user = testId('usr', 'ada');
const free = { policy: builtInPolicy('FREE', testId('pol', 'free')), products: null, limits: null, entitlements: null };
const scheduled = { effectiveAt: testInstant(86_400) };
const lease = {
  leaseId: 'lse_1',
  holderHash: testHash('device'),
  product: null,
  userRef: user,
  borrowSeconds: null,
  dead: [],
};
const limits = { activations: 5, seats: 2, users: 2, meters: { builds: 10 } };
const usage = { meter: 'builds', quantity: 3, usageId: 'u1', occurredAt: testInstant(0) };
const sso = { code: 'sso', value: null, limit: null, until: null, source: 'grant' } as const;

/** The commands to the license in order, one of every family with its own event. */
const commands: readonly (Sent | 'cancel the tier change')[] = [
  { type: 'ChangeLimits', data: { limits } },
  { type: 'AssignUser', data: { userRef: user } },
  { type: 'AcquireLease', data: lease },
  { type: 'RecordUsage', data: oneUse(usage) },
  { type: 'GrantEntitlement', data: sso },
  { type: 'GrantEntitlement', data: { ...sso, code: 'export', withheld: true } },
  { type: 'AddProduct', data: { product: 'workflow_app' } },
  {
    type: 'RotateKey',
    data: { keyHash: testHash('second'), secretId: 'secret-1', hint: 'ZV3MP', overlapSeconds: 3_600, cause: 'ROUTINE' },
  },
  { type: 'SetRenewal', data: { to: 'auto' } },
  { type: 'ChangeReference', data: { to: 'sub_456' } },
  { type: 'Suspend', data: { reasonCode: 'PAYMENT', until: null, scheduled } },
  { type: 'ChangeTier', data: { target: free, scheduled } },
  'cancel the tier change',
  { type: 'ChangeExpiry', data: { to: testInstant(30 * 86_400), reasonCode: 'GOODWILL' } },
];

const logOf = () => {
  const ledger = createLog();
  const licenseId = ledger.issue('whole', { holderOrgId: customer });
  ledger.activate(licenseId, 'device');
  ledger.activate(licenseId, 'other');
  for (const command of commands) {
    const eventId = String(ledger.log.findLast(({ type }) => type === 'TierChangeScheduled')?.data.eventId);
    const sent: Sent = typeof command === 'string' ? { type: 'CancelScheduled', data: { eventId } } : command;
    expect(ledger.send(licenseId, sent), sent.type).not.toEqual([]);
  }
  ledger.deactivate(licenseId, 'other');
  return { ledger, licenseId };
};

const verify = (log: ReturnType<typeof createLog>['log']) => verdictOn(models.projector, log);

describe.each([1, 3, 500])('In batches of %i', (batchSize) => {
  test('a license with every kind of event has a row that equals its fold and verifies', async () => {
    const { ledger, licenseId } = logOf();
    await project(models.projector, ledger.log, batchSize);
    expect(await verify(ledger.log)).toMatchObject({ intact: true });
    const row = await asTenant(models.api, vendor, (db) => licenseById(db, licenseId));
    expect(row?.facts).toMatchObject({
      keyVersion: 2,
      renewal: 'auto',
      externalRef: 'sub_456',
      usage: { activations: 1, seats: 1, users: 1, meters: { builds: 3 } },
      scheduled: [{ effectiveAt: scheduled.effectiveAt, change: { kind: 'SUSPENSION', reasonCode: 'PAYMENT' } }],
    });
  });

  test('lists find a license by its changed reference', async () => {
    const { ledger, licenseId } = logOf();
    await project(models.projector, ledger.log, batchSize);
    const page = await asTenant(models.api, vendor, (db) =>
      listLicenses(db, { orgId: vendor, limit: 5, after: null, externalRef: 'sub_456', now: testInstant(0) }),
    );
    expect(page.map(({ facts }) => facts.licenseId)).toEqual([licenseId]);
  });

  test('lists show a scheduled suspension from its instant on', async () => {
    const { ledger, licenseId } = logOf();
    await project(models.projector, ledger.log, batchSize);
    const suspendedAt = (now: string) =>
      asTenant(models.api, vendor, (db) =>
        listLicenses(db, { orgId: vendor, limit: 5, after: null, status: 'SUSPENDED', now }),
      );
    expect(await suspendedAt(testInstant(86_399))).toEqual([]);
    expect((await suspendedAt(scheduled.effectiveAt)).map(({ facts }) => facts.licenseId)).toEqual([licenseId]);
  });

  test('the new holder sees a transferred license with its open devices, and the old one the closed devices', async () => {
    const { ledger, licenseId } = logOf();
    ledger.send(licenseId, {
      type: 'Transfer',
      data: { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' },
    });
    ledger.deactivate(licenseId, 'device');
    await project(models.projector, ledger.log, batchSize);
    expect(await verify(ledger.log)).toMatchObject({ intact: true });
    const holders = await models.superuser.query(
      'select holder_org_id as holder, cause from rm.activations order by activated_at',
    );
    expect(holders.rows).toEqual([
      { holder: rival, cause: 'USER' },
      { holder: customer, cause: 'USER' },
    ]);
    expect(await asTenant(models.api, customer, (db) => licenseById(db, licenseId))).toBeNull();
    expect(await asTenant(models.api, rival, (db) => licenseById(db, licenseId))).not.toBeNull();
  });

  test('a license that waits for its first use has no start yet', async () => {
    const ledger = createLog();
    const licenseId = testId('lic', 'waiting');

    ledger.send(licenseId, {
      type: 'IssueLicense',
      data: {
        licenseId,
        issuerOrgId: vendor,
        holderOrgId: null,
        products: [],
        entitlements: [],
        externalRef: null,
        policy: builtInPolicy('PRO', testId('pol', vendor)),
        term: { kind: 'firstActivation', duration: 'P1M' },
        limits,
        key: { keyHash: testHash('waiting'), secretId: 'secret-1', hint: 'ABCDE' },
      },
    });
    await project(models.projector, ledger.log, batchSize);
    expect(await verify(ledger.log)).toMatchObject({ intact: true });
    const row = await asTenant(models.api, vendor, (db) => licenseById(db, licenseId));
    expect(row?.facts).toMatchObject({ term: { number: 0, startsAt: null }, awaited: { trigger: 'FIRST_ACTIVATION' } });
  });
});
