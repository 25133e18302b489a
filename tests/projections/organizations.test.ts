import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CatalogEvent } from '../../src/domain/catalog/events.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import type { ReservationEvent } from '../../src/domain/reservation/reservation.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { Unprojectable } from '../../src/projections/fold-batch.ts';
import { verifyLedger } from '../../src/projections/verify.ts';
import { createLog, customer, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, dumpReadModels, project } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeEach(async () => {
  models = await createReadModels();
});
afterEach(() => models.drop());

const owned = { issuerOrgId: vendor, holderOrgId: null };
const keyId = testId('key', 'Vendor');
const release = testId('key', 'release');
const user = testId('usr', 'ada');

/** A vendor with two keys, one of them with an end, to which the rest happens. */
const logOf = (...events: readonly OrganizationEvent[]) => {
  const ledger = createLog();
  ledger.organization(vendor, 'Vendor');
  const created: OrganizationEvent = {
    type: 'ApiKeyCreated',
    data: { apiKeyId: release, name: 'release', scopes: ['events:read'], hint: 'h', expiresAt: testInstant(3_600) },
  };
  for (const [index, event] of [created, ...events].entries())
    ledger.append(`organization-${vendor}`, [event], owned, testInstant(index + 1));
  return ledger;
};

const keys = async () => {
  const { rows } = await models.superuser.query(
    `select name, scopes, to_char(expires_at at time zone 'UTC', 'HH24:MI') as expires, revoked_at is not null as revoked
     from rm.api_keys order by created_at`,
  );
  return rows;
};

const changes: readonly OrganizationEvent[] = [
  { type: 'OrganizationRenamed', data: { from: 'Vendor', to: 'Vendor Ltd' } },
  { type: 'ApiKeyRenamed', data: { apiKeyId: keyId, from: 'Vendor CI', to: 'CI' } },
  { type: 'ApiKeyScopesChanged', data: { apiKeyId: keyId, from: ['licenses:read'], to: ['events:read'] } },
  { type: 'ApiKeyRevoked', data: { apiKeyId: release } },
  { type: 'MemberJoined', data: { userId: user, role: 'OWNER', invitationId: null } },
  { type: 'ProjectCreated', data: { projectId: testId('prj', 'a'), name: 'Atlas', metadataRef: null } },
  { type: 'OrganizationClosed', data: {} },
];

describe.each([1, 2, 500])('in batches of %i', (batchSize) => {
  test('a changed organization and its keys are as their events make them, and verify', async () => {
    const { log } = logOf(...changes);
    await project(models.projector, log, batchSize);
    const { rows } = await models.superuser.query('select name, revision, closed_at from rm.organizations');
    expect(rows).toEqual([{ name: 'Vendor Ltd', revision: '9', closed_at: new Date(testInstant(8)) }]);
    expect(await keys()).toEqual([
      { name: 'CI', scopes: ['events:read'], expires: null, revoked: false },
      { name: 'release', scopes: ['events:read'], expires: '01:00', revoked: true },
    ]);
    expect(await verdictOn(log)).toMatchObject({ intact: true, rows: 3 });
  });
});

test('projecting an event again changes nothing', async () => {
  const { log } = logOf(...changes);
  await project(models.projector, log);
  const before = await dumpReadModels(models.superuser);
  await models.superuser.query('delete from ops.checkpoints');
  await project(models.projector, log, 3);
  expect(await dumpReadModels(models.superuser)).toEqual(before);
});

test.each([
  ["a key's name", `update rm.api_keys set name = 'x' where api_key_id = $1`],
  ["a key's revocation", 'update rm.api_keys set revoked_at = null where api_key_id = $1'],
  ["a key's end", 'update rm.api_keys set expires_at = null where api_key_id = $1'],
])('a verification finds that somebody changed %s', async (_, sql) => {
  const { log } = logOf(...changes);
  await project(models.projector, log);
  await models.superuser.query(sql, [release]);
  expect(await verdictOn(log)).toMatchObject({
    intact: false,
    finding: { stream: `organization-${vendor}`, what: expect.stringContaining(release) },
  });
});

test('a verification finds that somebody opened a closed organization again', async () => {
  const { log } = logOf(...changes);
  await project(models.projector, log);
  await models.superuser.query('update rm.organizations set closed_at = null');
  expect(await verdictOn(log)).toMatchObject({ intact: false, finding: { stream: `organization-${vendor}` } });
});

describe('a catalog and a reservation', () => {
  const opened: CatalogEvent = { type: 'CatalogOpened', data: { issuerOrgId: vendor } };
  const made: ReservationEvent = {
    type: 'ReservationMade',
    data: { kind: 'trial_holder', issuerOrgId: vendor, owner: testId('lic', 'trial') },
  };

  test('are read and verified, and make no row', async () => {
    const ledger = logOf();
    ledger.append(`catalog-${vendor}`, [opened], owned, testInstant(5));
    ledger.append(`reservation-trial_holder-${'ab'.repeat(32)}`, [made], owned, testInstant(6));
    ledger.organization(customer, 'Customer');
    await project(models.projector, ledger.log, 2);
    expect(await verdictOn(ledger.log)).toMatchObject({
      intact: true,
      events: 7,
      streams: 4,
      rows: 5,
      notProjected: 0,
    });
  });
  test.each(['catalog-org_1', 'reservation-trial_holder-ab'])(
    'with an event nobody knows stop the projector: %s',
    async (stream) => {
      const ledger = logOf();
      ledger.append(stream, [{ type: 'CatalogPainted', data: {} }], owned, testInstant(5));
      await expect(project(models.projector, ledger.log)).rejects.toThrow(Unprojectable);
    },
  );
});

const verdictOn = (log: readonly Recorded[]) =>
  verifyLedger({
    store: { head: async () => log.at(-1)?.position ?? null },
    readLog: async function* () {
      yield* log;
    },
    pool: models.projector,
  });
