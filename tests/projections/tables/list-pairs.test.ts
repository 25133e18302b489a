import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../../src/domain/license/license.ts';
import { status, statuses } from '../../../src/domain/license/status.ts';
import { isExpiring } from '../../../src/domain/license/term/decide-reminders.ts';
import { usageLevel } from '../../../src/domain/license/usage/usage-levels.ts';
import { withinProductScope } from '../../../src/postgres/product-scope.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { listLicenses, placeOf } from '../../../src/projections/queries/lists/license-list.ts';
import {
  defaultSort,
  isServed,
  type LicensePlace,
  type LicenseSort,
  type Listing,
  licenseSorts,
} from '../../../src/projections/queries/lists/license-listing.ts';
import { licensesByIds } from '../../../src/projections/queries/search-rows.ts';
import { customer, rival, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, project } from '../../support/read-models.ts';
import { sampled } from '../../support/size.ts';
import {
  inFebruary,
  isUnused,
  ledger,
  metadataOf,
  noteValidations,
  policyIds,
  userRefs,
  users,
  validations,
} from './pair-licenses.ts';

const now = testInstant(2_000);
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  // The rows of some are created after their validations, and those of the others before.
  await noteValidations(
    models.api,
    validations.filter((_, index) => index % 3 === 0),
  );
  await project(models.projector, ledger.log);
  await noteValidations(
    models.api,
    validations.filter((_, index) => index % 3 !== 0),
  );
  for (const [licenseId, metadata] of metadataOf)
    await models.superuser.query(
      `insert into vault.license_metadata (license_id, issuer_org_id, holder_org_id, metadata)
        select license_id, issuer_org_id, holder_org_id, $2 from rm.licenses where license_id = $1`,
      [licenseId, metadata],
    );
});
afterAll(() => models.drop());

type Fits = (facts: LicenseFacts, orgId: string) => boolean;
type Filters = Partial<Omit<Listing, 'orgId' | 'limit' | 'after' | 'now' | 'sort'>>;

/** Some values of each filter, and whether a license has them. */
const values: readonly (readonly (readonly [Filters, Fits])[])[] = [
  [
    ...statuses.map((value) => [{ status: value }, (facts: LicenseFacts) => status(facts, now) === value] as const),
    [{ status: 'ACTIVE', isExpiring: true }, (facts) => isExpiring(facts, now)],
    [
      { status: 'SUSPENDED', suspendedFor: 'PAYMENT' },
      (facts) => status(facts, now) === 'SUSPENDED' && facts.suspension?.reasonCode === 'PAYMENT',
    ],
    [
      { status: 'ACTIVE', hasBegun: true },
      (facts) => status(facts, now) === 'ACTIVE' && (facts.term.startsAt === null || facts.term.startsAt <= now),
    ],
  ],
  (['FREE', 'ENTERPRISE'] as const).map((tier) => [{ tier }, ({ policy }) => policy.tier === tier]),
  ['local_cli', 'unknown'].map((product) => [{ product }, ({ products }) => products.includes(product)]),
  policyIds.slice(1).map((policy) => [{ policy }, (facts) => facts.policy.policyId === policy]),
  [[userRefs[0], testId('ref', 'nobody')]].map((refs) => [
    { userRefs: refs },
    ({ licenseId }) => refs.some((userRef) => users.has(`${licenseId} ${userRef}`)),
  ]),
  [{ team: 'blue' }, { team: 'red', seats: '5' }].map((metadata) => [
    { metadata },
    ({ licenseId }) =>
      Object.entries(metadata).every(([name, value]) => `${metadataOf.get(licenseId)?.[name]}` === value),
  ]),
  (['NONE', 'AT_LIMIT'] as const).map((level) => [
    { activations: level },
    (facts) => usageLevel(facts, 'ACTIVATIONS') === level,
  ]),
  (['NONE', 'AT_LIMIT'] as const).map((level) => [{ seats: level }, (facts) => usageLevel(facts, 'SEATS') === level]),
  ['Sub_1'].map((externalRef) => [{ externalRef }, (facts) => facts.externalRef === externalRef]),
  ['ir 17'].map((keyHint) => [{ keyHint }, (facts) => facts.keyHint === keyHint]),
  [customer, vendor].map((holder) => [{ holder }, ({ holderOrgId }) => holderOrgId === holder]),
  [customer, vendor].map((issuer) => [{ issuer }, ({ issuerOrgId }) => issuerOrgId === issuer]),
  [now, testInstant(9_000)].map((instant) => [
    { expiresBefore: instant },
    ({ term: { expiresAt } }) => expiresAt !== null && expiresAt < instant,
  ]),
  [testInstant(800)].map((instant) => [
    { expiresAfter: instant },
    ({ term: { expiresAt } }) => expiresAt !== null && expiresAt >= instant,
  ]),
  [testInstant(1_500), inFebruary(20)].map((before) => [
    { lastValidatedBefore: before },
    (facts, orgId) => isUnused(facts, orgId, before),
  ]),
  ['UB_1', 'mer org'].map((contains) => [
    { contains },
    ({ externalRef, holderOrgId }) =>
      externalRef?.toLowerCase().includes(contains.toLowerCase()) === true ||
      (holderOrgId === customer && contains === 'mer org'),
  ]),
  ['SUB_1'].map((q) => [{ q }, ({ externalRef }) => externalRef?.startsWith('Sub_1') === true]),
];
const everything = [{}, () => true] as const;
const pairs = [
  everything,
  ...values.flat(),
  ...values.flatMap((some, index) =>
    values
      .slice(index + 1)
      .flatMap((others) =>
        some.flatMap(([one, isOne]) =>
          others.map(
            ([other, isOther]) =>
              [
                { ...one, ...other },
                (facts: LicenseFacts, orgId: string) => isOne(facts, orgId) && isOther(facts, orgId),
              ] as const,
          ),
        ),
      ),
  ),
];

const pageLimit = 7;
/** Reads all pages of a list. With `matchesMax` 3, most filters that match licenses have many matches. */
const idsOf = (orgId: string, filters: Filters, sort: LicenseSort, matchesMax = 3): Promise<readonly string[]> =>
  asTenant(models.api, orgId, async (db) => {
    const ids: string[] = [];
    for (let after: LicensePlace | null = null; ; ) {
      const page = await listLicenses(db, { orgId, limit: pageLimit, after, sort, now, ...filters }, matchesMax);
      ids.push(...page.map(({ facts }) => facts.licenseId));
      const last = page.at(-1);
      if (last === undefined || page.length < pageLimit) return ids;
      after = placeOf(last.facts, sort);
    }
  });

/** Returns the licenses that an organization issues or holds, read without the filters and the policies. */
const allOf = async (orgId: string): Promise<readonly LicenseFacts[]> => {
  const { rows } = await models.superuser.query<{ license_id: string }>(
    'select license_id from rm.licenses where issuer_org_id = $1 or holder_org_id = $1',
    [orgId],
  );
  const licenses = await asTenant(models.api, orgId, (db) =>
    licensesByIds(
      db,
      rows.map((row) => row.license_id),
      1_000,
    ),
  );
  expect(licenses).toHaveLength(rows.length);
  return licenses.map(({ facts }) => facts);
};

const sorted = (licenses: readonly LicenseFacts[], sort: LicenseSort): readonly string[] => {
  const keyOf = (facts: LicenseFacts) => `${placeOf(facts, sort).instant ?? '9999'} ${facts.licenseId}`;
  const ascending = licenses.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return (sort.startsWith('-') ? ascending.toReversed() : ascending).map(({ licenseId }) => licenseId);
};

describe.each([
  ['who issues and holds', vendor],
  ['who holds and issues to itself', customer],
  ['who has nothing', rival],
])('For an organization %s', (_, orgId) => {
  test('every pair of filters lists the same licenses as a search through all of them, each once', async () => {
    const all = await allOf(orgId);
    const different: unknown[] = [];
    let found = 0;
    for (const [index, [filters, fits]] of sampled(pairs, 2).entries()) {
      const sort = defaultSort(filters);
      const expected = sorted(
        all.filter((facts) => fits(facts, orgId)),
        sort,
      );
      const listed = await idsOf(orgId, filters, sort, index % 2 === 0 ? 3 : 1_000);
      if (listed.join() !== expected.join()) different.push({ filters, listed, expected });
      found += listed.length;
    }
    expect(different).toEqual([]);
    expect(found > 100).toBe(orgId !== rival);
  }, 120_000);

  test('every filter has the same licenses in every order that it allows', async () => {
    const all = await allOf(orgId);
    for (const sort of licenseSorts)
      for (const [filters, fits] of [everything, ...values.flat()])
        if (isServed(sort, filters))
          expect([sort, filters, await idsOf(orgId, filters, sort)]).toEqual([
            sort,
            filters,
            sorted(
              all.filter((facts) => fits(facts, orgId)),
              sort,
            ),
          ]);
  });
});

test.each([3, 1_000])(
  'A key that is limited to products lists no other license (up to %i matches)',
  async (matchesMax) => {
    const all = await allOf(vendor);
    const isOfKey = ({ products }: LicenseFacts) => products.every((product) => product === 'local_cli');
    for (const [filters, fits] of values.flat()) {
      const sort = defaultSort(filters);
      const listed = await withinProductScope(['local_cli'], () => idsOf(vendor, filters, sort, matchesMax));
      const expected = all.filter((facts) => isOfKey(facts) && fits(facts, vendor));
      expect([filters, listed]).toEqual([filters, sorted(expected, sort)]);
    }
  },
);

test('A tenant that asks for the sides of another organization gets nothing', async () => {
  for (const filters of [
    {},
    { status: 'ACTIVE' },
    { product: 'local_cli' },
    { holder: customer },
    { q: 'sub' },
  ] as const) {
    const listing = { orgId: vendor, limit: 100, after: null, now, ...filters };
    expect(await asTenant(models.api, vendor, (db) => listLicenses(db, listing))).not.toEqual([]);
    expect(await asTenant(models.api, rival, (db) => listLicenses(db, listing))).toEqual([]);
  }
});

test('The licenses of the other tests have every status by the clock alone and by a recorded event', async () => {
  const { rows } = await models.superuser.query<{ recorded: string; isRight: boolean }>(
    `select distinct recorded_status as recorded,
        (recorded_from is null or recorded_from <= $1) and (recorded_until is null or recorded_until > $1) as "isRight"
      from rm.licenses`,
    [now],
  );
  expect(rows.map(({ recorded, isRight }) => `${recorded} ${isRight}`).sort()).toEqual([
    'ACTIVE false',
    'ACTIVE true',
    'EXPIRED false',
    'EXPIRED true',
    'REVOKED true',
    'SUSPENDED false',
    'SUSPENDED true',
  ]);
});

test('Some licenses of the other tests have users, and some are at each level of devices and seats', async () => {
  expect(users.size).toBeGreaterThan(10);
  const { rows } = await models.superuser.query<{ level: string }>(
    `select distinct usage || ' ' || coalesce(level, 'between') as level from rm.license_usage_levels order by 1`,
  );
  expect(rows.map(({ level }) => level)).toEqual([
    'ACTIVATIONS AT_LIMIT',
    'ACTIVATIONS NONE',
    'ACTIVATIONS between',
    'SEATS AT_LIMIT',
    'SEATS NONE',
    'SEATS between',
  ]);
});
