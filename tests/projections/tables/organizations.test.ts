import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import type { ReservationEvent } from '../../../src/domain/reservation/reservation.ts';
import { Unprojectable } from '../../../src/projections/fold/fold-batch.ts';
import { createLog, customer, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import {
  createReadModels,
  dumpReadModels,
  emptyReadModels,
  forgetPosition,
  project,
  verdictOn,
} from '../../support/read-models.ts';
import { organizationLife } from '../../support/stream-fixtures.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

const rowsOf = async (sql: string) => (await models.superuser.query(sql)).rows;
const at = (seconds: number) => new Date(testInstant(seconds));

/** A vendor with every kind of event, each a second after the previous one. */
const logOf = (events: readonly OrganizationEvent[] = organizationLife('Vendor')) => {
  const ledger = createLog();
  ledger.organization(vendor, 'Vendor');
  for (const [index, event] of events.entries())
    ledger.append(
      `organization-${vendor}`,
      [event],
      { issuerOrgId: vendor, holderOrgId: null },
      testInstant(index + 1),
    );
  return ledger;
};

describe.each([1, 2, 500])('In batches of %i', (batchSize) => {
  beforeEach(() => project(models.projector, logOf().log, batchSize));

  test('an organization has its latest name and time zone, and its name for searches', async () => {
    expect(await rowsOf('select name, name_lower, time_zone, revision, closed_at from rm.organizations')).toEqual([
      { name: 'Vendor Ltd', name_lower: 'vendor ltd', time_zone: 'Europe/Vienna', revision: '24', closed_at: null },
    ]);
    expect(await rowsOf('select log_is_public, holders_get_proofs from rm.organizations')).toEqual([
      { log_is_public: true, holders_get_proofs: true },
    ]);
  });

  test('a member has the latest role, and can join again after a removal', async () => {
    const [ada, bob] = [testId('usr', 'ada of Vendor'), testId('usr', 'bob of Vendor')];
    const members = await rowsOf('select user_id, role, invitation_id, joined_at, removed_at from rm.memberships');
    expect(members.toSorted((a, b) => a.joined_at - b.joined_at)).toEqual([
      { user_id: ada, role: 'OWNER', invitation_id: null, joined_at: at(1), removed_at: null },
      { user_id: bob, role: 'GUEST', invitation_id: null, joined_at: at(20), removed_at: null },
    ]);
  });

  test('an invitation has its outcome', async () => {
    const sql = `select role, invited_at, expires_at, withdrawn_at, accepted_at, user_id from rm.invitations order by invited_at`;
    const [expires_at, user_id] = [at(7 * 86_400), testId('usr', 'bob of Vendor')];
    expect(await rowsOf(sql)).toEqual([
      { role: 'MEMBER', invited_at: at(2), expires_at, withdrawn_at: null, accepted_at: at(5), user_id },
      { role: 'GUEST', invited_at: at(3), expires_at, withdrawn_at: at(6), accepted_at: null, user_id: null },
    ]);
  });

  test('a project is renamed, archived and restored', async () => {
    const sql = 'select name, name_lower, metadata_ref, created_at, archived_at from rm.projects order by created_at';
    expect(await rowsOf(sql)).toEqual([
      { name: 'Atlas', name_lower: 'atlas', metadata_ref: null, created_at: at(4), archived_at: null },
      { name: 'Borges', name_lower: 'borges', metadata_ref: null, created_at: at(8), archived_at: at(13) },
    ]);
  });

  test('an API key is renamed, given other scopes and revoked', async () => {
    const sql = 'select name, scopes, expires_at, revoked_at from rm.api_keys order by created_at';
    expect(await rowsOf(sql)).toEqual([
      { name: 'CI', scopes: ['licenses:write'], expires_at: null, revoked_at: null },
      { name: 'other', scopes: ['events:read'], expires_at: at(7 * 86_400), revoked_at: at(18) },
    ]);
  });
});

test('The row of a removed member keeps the last role', async () => {
  const life = organizationLife('Vendor');
  await project(models.projector, logOf(life.slice(0, -4)).log);
  expect(await rowsOf('select role, removed_at from rm.memberships where removed_at is not null')).toEqual([
    { role: 'ADMIN', removed_at: at(14) },
  ]);
});

test('Projecting an event again changes nothing', async () => {
  const { log } = logOf();
  await project(models.projector, log);
  const before = await dumpReadModels(models.superuser);
  await forgetPosition(models.superuser);
  await project(models.projector, log, 3);
  expect(await dumpReadModels(models.superuser)).toEqual(before);
});

test('A verification finds a closed organization that somebody opened again', async () => {
  const { log } = logOf([{ type: 'OrganizationClosed', data: {} }]);
  await project(models.projector, log);
  expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true, rows: 2 + log.length });
  await models.superuser.query('update rm.organizations set closed_at = null');
  expect(await verdictOn(models.projector, log)).toMatchObject({
    intact: false,
    findings: [{ stream: `organization-${vendor}` }],
  });
});

test('An organization that belongs to another stream stops the projector', async () => {
  const ledger = createLog();
  const created: OrganizationEvent = { type: 'OrganizationCreated', data: { organizationId: customer, name: 'x' } };
  ledger.happen(`organization-${vendor}`, [created]);
  await expect(project(models.projector, ledger.log)).rejects.toThrow('which is not the organization of its stream');
});

describe('A reservation', () => {
  const reserved: ReservationEvent = {
    type: 'ReservationMade',
    data: { kind: 'trial_holder', issuerOrgId: vendor, owner: testId('lic', 'trial') },
  };
  const append = (type: string) => {
    const ledger = createLog();
    const stream = `reservation-trial_holder-${'ab'.repeat(32)}`;
    const owners = { issuerOrgId: vendor, holderOrgId: null };
    ledger.append(stream, [{ ...reserved, type }], owners, testInstant(6));
    return ledger.log;
  };

  test('is read and verified, and makes no row', async () => {
    const log = append('ReservationMade');
    await project(models.projector, log);
    expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true, events: 1, streams: 1, rows: 0 });
  });

  test('with an unknown event stops the projector', async () => {
    await expect(project(models.projector, append('ReservationPainted'))).rejects.toThrow(Unprojectable);
  });
});
