import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { type Status, status } from '../../src/domain/license/status.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { type DueLicense, dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { licenseById } from '../../src/projections/queries/license-by-id.ts';
import { listLicenses, placeOf } from '../../src/projections/queries/lists/license-list.ts';
import type { LicensePlace } from '../../src/projections/queries/lists/license-listing.ts';
import { activationsOf } from '../../src/projections/tables/activations.ts';
import { historyOf } from '../../src/projections/tables/license-events.ts';
import { removeValue, storeMetadata, storeValue } from '../../src/records/vault.ts';
import { createLog, customer, rival, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const ledger = createLog();
const as = <T>(org: string, work: (db: PoolClient) => Promise<T>) => asTenant(models.api, org, work);
const write = <T>(org: string, work: (db: PoolClient) => Promise<T>) =>
  asTenant(models.api, org, work, { readOnly: false });

// Licenses with every facet, all issued within a minute. The tests read them after 1,000 and 2,000 seconds.
const grace = { expiryGraceSeconds: 500 };
const ids = [
  ledger.issue('active'),
  ledger.issue('soon over', { expiresAt: testInstant(1_500) }),
  ledger.issue('over', { expiresAt: testInstant(600) }),
  ledger.issue('in grace', { expiresAt: testInstant(800), policy: grace }),
  ledger.issue('not started', { startsAt: testInstant(1_200), externalRef: 'sub_1' }),
  ledger.issue('suspended', { products: ['workflow_app'] }),
  ledger.issue('suspended for a time'),
  ledger.issue('revoked'),
  ledger.issue('held', { issuerOrgId: rival, holderOrgId: customer, policy: { tier: 'ENTERPRISE' } }),
  ledger.issue('own', { holderOrgId: vendor }),
];
const [
  active = '',
  soonOver = '',
  over = '',
  inGrace = '',
  ,
  suspended = '',
  forATime = '',
  revoked = '',
  heldId = '',
] = ids;

beforeAll(async () => {
  models = await createReadModels();
  ledger.suspend(suspended);
  ledger.suspend(forATime, testInstant(1_100));
  ledger.revoke(revoked);
  for (const device of ['a', 'b', 'c']) ledger.activate(active, device);
  ledger.deactivate(active, 'b');
  ledger.organization(vendor, 'The Vendor');
  ledger.organization(customer, 'The Customer');
  await project(models.projector, ledger.log);
  const owner = { issuerOrgId: vendor, holderOrgId: null };
  await write(vendor, (db) =>
    storeMetadata(
      db,
      { licenseId: active, ...owner, metadata: { seats: [1, 'two', null] }, createdAt: testInstant(0) },
      { revision: 1n, unlessLater: false },
    ),
  );
  await write(vendor, (db) =>
    storeValue(db, { ref: testId('ref', 'a'), ...owner, kind: 'DEVICE_NAME', subject: active, value: 'build-7' }),
  );
});
afterAll(() => models.drop());

describe('A license', () => {
  test('has its facts, its revision and its metadata', async () => {
    const license = await as(vendor, (db) => licenseById(db, active));
    expect(license).toMatchObject({
      revision: 5n,
      metadata: { seats: [1, 'two', null] },
      facts: { licenseId: active, usage: { activations: 2 } },
    });
    expect(license?.facts.createdAt).toMatch(/^2026-01-01T00:00:\d\d\.\d{3}Z$/);
    expect((await as(vendor, (db) => licenseById(db, revoked)))?.metadata).toBeNull();
  });

  test('of another tenant gets the same answer as an unknown one', async () => {
    expect(await as(rival, (db) => licenseById(db, active))).toBeNull();
    expect(await as(rival, (db) => licenseById(db, testId('lic', 'unknown')))).toBeNull();
  });
});

describe('The list of licenses', () => {
  const list = (org: string, filter: Partial<Parameters<typeof listLicenses>[1]> = {}) =>
    as(org, (db) => listLicenses(db, { orgId: org, limit: 100, after: null, now: testInstant(1_000), ...filter }));
  const idsOf = async (...args: Parameters<typeof list>) => (await list(...args)).map(({ facts }) => facts.licenseId);
  const newestFirst = ids.filter((id) => id !== heldId).toReversed();

  test('is newest first, and contains each license that the organization issues or holds once', async () => {
    expect(await idsOf(vendor)).toEqual(newestFirst);
    expect(await idsOf(customer)).toEqual([heldId]);
    expect(await idsOf(rival)).toEqual([heldId]);
  });

  test('has pages that newly issued licenses do not shift', async () => {
    const seen: string[] = [];
    let after: LicensePlace | null = null;
    for (let count = 0; count < 20; count++) {
      const page = await list(vendor, { limit: 2, after });
      const last: LicenseFacts | undefined = page.at(-1)?.facts;
      if (last === undefined) break;
      seen.push(...page.map(({ facts }) => facts.licenseId));
      after = placeOf(last);
      ledger.issue(`meanwhile ${count}`);
      await project(models.projector, ledger.log);
    }
    expect(seen).toEqual(newestFirst);
  });

  test.each([1_000, 2_000])('filters by the same status as the domain after %i seconds', async (seconds) => {
    const now = testInstant(seconds);
    const all = await list(vendor, { now });
    for (const state of ['ACTIVE', 'EXPIRED', 'SUSPENDED', 'REVOKED'] satisfies Status[]) {
      const expected = all.filter(({ facts }) => status(facts, now) === state).map(({ facts }) => facts.licenseId);
      expect(await idsOf(vendor, { now, status: state })).toEqual(expected);
    }
    expect(await idsOf(vendor, { now, status: 'EXPIRED' })).toContain(over);
    expect((await idsOf(vendor, { now, status: 'EXPIRED' })).includes(inGrace)).toBe(seconds === 2_000);
  });

  test('filters by holder, and by the end of the term from an instant until before another', async () => {
    expect(await idsOf(rival, { holder: customer })).toEqual([heldId]);
    expect(await idsOf(rival, { holder: vendor })).toEqual([]);
    expect(await idsOf(customer, { holder: customer })).toEqual([heldId]);
    expect(await idsOf(vendor, { holder: vendor })).toEqual([testId('lic', 'own')]);
    const range = { expiresAfter: testInstant(600), expiresBefore: testInstant(1_500) };
    expect(await idsOf(vendor, range)).toEqual([over, inGrace]);
    expect(await idsOf(vendor, { expiresAfter: testInstant(601), expiresBefore: testInstant(1_501) })).toEqual([
      inGrace,
      soonOver,
    ]);
  });

  test('finds each license once by the beginning of its reference or its holder’s name, in upper or lower case', async () => {
    const unheld = testId('lic', 'not started');
    const own = testId('lic', 'own');
    expect(await idsOf(vendor, { q: 'SUB' })).toEqual([unheld]);
    expect(await idsOf(vendor, { q: 'ub_1' })).toEqual([]);
    expect(await idsOf(rival, { q: 'the cust' })).toEqual([heldId]);
    expect(await idsOf(rival, { q: 'The Vend' })).toEqual([]);
    expect(await idsOf(customer, { q: 'THE CUSTOMER' })).toEqual([heldId]);
    expect(await idsOf(vendor, { q: 'the vendor' })).toEqual([own]);
    expect(await idsOf(vendor, { q: 'the customer' })).toEqual([]);
    for (const q of ['%', '_', 'the%', "'", '\\', '\u{10ffff}']) expect(await idsOf(vendor, { q })).toEqual([]);
  });

  test('filters by tier, product and reference together', async () => {
    expect(await idsOf(customer, { tier: 'ENTERPRISE' })).toEqual([heldId]);
    expect(await idsOf(customer, { tier: 'PRO' })).toEqual([]);
    expect(await idsOf(vendor, { product: 'workflow_app' })).toEqual([suspended]);
    expect(await idsOf(vendor, { externalRef: 'sub_1', tier: 'PRO', status: 'ACTIVE' })).toEqual([
      testId('lic', 'not started'),
    ]);
    expect(await idsOf(vendor, { externalRef: 'sub_2' })).toEqual([]);
  });
});

describe('The list of activations', () => {
  test('contains the open ones, newest first, without erased names', async () => {
    const activations = await as(vendor, (db) => activationsOf(db, active, { limit: 10, after: null }));
    expect(activations.map(({ name, platform, product }) => ({ name, platform, product }))).toEqual([
      { name: null, platform: 'linux', product: 'local_cli' },
      { name: 'build-7', platform: 'linux', product: 'local_cli' },
    ]);
    const [newest, oldest] = activations;
    const second = await as(vendor, (db) =>
      activationsOf(db, active, { limit: 10, after: newest?.activationId ?? '' }),
    );
    expect(second).toEqual([oldest]);
    expect(oldest?.activatedAt).toMatch(/^2026-.*\.000Z$/);
    expect(await as(rival, (db) => activationsOf(db, active, { limit: 10, after: null }))).toEqual([]);
  });
});

describe('The history of a license', () => {
  const revisionsOf = async (order: 'asc' | 'desc', limit: number, afterRevision: bigint | null, org = vendor) =>
    (await as(org, (db) => historyOf(db, active, { order, limit, afterRevision }))).entries.map(
      ({ revision }) => revision,
    );

  test('has pages in both orders', async () => {
    expect(await revisionsOf('asc', 3, null)).toEqual([0n, 1n, 2n]);
    expect(await revisionsOf('asc', 3, 2n)).toEqual([3n, 4n, 5n]);
    expect(await revisionsOf('desc', 3, null)).toEqual([5n, 4n, 3n]);
    expect(await revisionsOf('desc', 9, 3n)).toEqual([2n, 1n, 0n]);
    expect(await revisionsOf('asc', 9, null, rival)).toEqual([]);
  });

  test.each(['asc', 'desc'] as const)('has a page for each event when one is larger than a page, %s', async (order) => {
    const seen: bigint[] = [];
    let isCut = true;
    while (isCut) {
      const afterRevision = seen.at(-1) ?? null;
      const page = await as(vendor, (db) => historyOf(db, active, { order, limit: 9, afterRevision, bytesMax: 1 }));
      seen.push(...page.entries.map(({ revision }) => revision));
      expect(page.entries).toHaveLength(1);
      isCut = page.isCut;
    }
    expect(seen).toEqual(order === 'asc' ? [0n, 1n, 2n, 3n, 4n, 5n] : [5n, 4n, 3n, 2n, 1n, 0n]);
  });

  test('contains every event as it is stored', async () => {
    const page = { order: 'asc', limit: 100, afterRevision: null } as const;
    const { entries } = await as(vendor, (db) => historyOf(db, active, page));
    const stored = ledger.log.filter(({ stream }) => stream === `license-${active}`);
    const own = ledger.log.filter(({ metadata }) => metadata.issuerOrgId === vendor);
    expect(entries).toEqual(
      stored.map(({ id, type, revision, position, data, metadata }) => ({
        eventId: id,
        logIndex: BigInt(own.findIndex((event) => event.id === id)),
        type,
        revision,
        position: position.commit,
        data,
        recordedAt: metadata.recordedAt,
        effectiveAt: metadata.effectiveAt,
        actor: metadata.actor,
        reason: metadata.reason,
        commandId: metadata.commandId,
        correlationId: metadata.$correlationId,
        causationId: metadata.$causationId,
        hash: metadata.hash,
      })),
    );
  });

  test('shows the reason that a person wrote until it is erased', async () => {
    const other = createLog();
    const licenseId = testId('lic', 'reasoned');
    const [event] = createLogWithReason(other, licenseId);
    await project(models.projector, ledger.log.concat(event === undefined ? [] : shifted(other.log)));
    const ref = testId('ref', 'reason');
    const owner = { issuerOrgId: vendor, holderOrgId: null };
    await write(vendor, (db) =>
      storeValue(db, { ref, ...owner, kind: 'REASON_TEXT', subject: licenseId, value: 'asked by Ann' }),
    );
    const reason = async () =>
      (await as(vendor, (db) => historyOf(db, licenseId, { order: 'asc', limit: 1, afterRevision: null }))).entries[0]
        ?.reason?.text;
    expect(await reason()).toBe('asked by Ann');
    expect(await write(vendor, (db) => removeValue(db, ref))).toBe(true);
    expect(await write(vendor, (db) => removeValue(db, ref))).toBe(false);
    expect(await reason()).toBeNull();
  });

  const createLogWithReason = (log: ReturnType<typeof createLog>, licenseId: string) => {
    const issued = ledger.log.find(({ stream }) => stream === `license-${active}`);
    if (issued === undefined) return [];
    const data = { ...issued.data, licenseId };
    const reason = { code: 'PURCHASE', text: testId('ref', 'reason') };
    return log.append(
      `license-${licenseId}`,
      [{ type: 'LicenseIssued', data }],
      { issuerOrgId: vendor, holderOrgId: null },
      testInstant(0),
      reason,
    );
  };
  const shifted = (log: typeof ledger.log) =>
    log.map((recorded) => ({ ...recorded, position: { commit: recorded.position.commit + 1_000_000n, prepare: 0n } }));
});

describe('The list of due licenses', () => {
  test('contains the licenses with a due command, the longest due first, in pages', async () => {
    const due = (now: number, after: DueLicense | null = null, limit = 10) =>
      dueLicenses(models.worker, { now: testInstant(now), limit, after });
    expect(await due(599)).toEqual([]);
    expect(await due(600)).toEqual([{ licenseId: over, dueAt: testInstant(600) }]);
    const all = await due(5_000);
    expect(all.map(({ licenseId }) => licenseId)).toEqual([over, inGrace, forATime, soonOver]);
    expect(await due(5_000, all[0] ?? null, 1)).toEqual([all[1]]);
  });
});
