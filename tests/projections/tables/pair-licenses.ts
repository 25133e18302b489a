import type { Pool } from 'pg';
import type { LicenseFacts } from '../../../src/domain/license/license.ts';
import { type Tier, tiers } from '../../../src/domain/license/policy.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { addValidationCounts } from '../../../src/records/validation-counts.ts';
import {
  createLog,
  customer,
  randomFrom,
  testHash,
  testId,
  testInstant,
  vendor,
} from '../../support/license-fixtures.ts';

// Licenses of every status, tier and product, on both sides of three organizations. Some are expired, suspended or
// reinstated by time alone, without an event that says so.

export const ledger = createLog();
for (const [orgId, name] of [
  [vendor, 'A Vendor'],
  [customer, 'The Customer Organization'],
] as const)
  ledger.organization(orgId, name);

const random = randomFrom(19);
const one = <Value>(values: readonly [Value, ...Value[]]): Value =>
  values[Math.floor(random() * values.length)] ?? values[0];
export const policyIds = [testId('pol', 'one'), testId('pol', 'other')] as const;
const ownersOf = new Map<string, readonly [issuerOrgId: string, holderOrgId: string | null]>();
const issued = Array.from({ length: 90 }, (_, index) => {
  const tier: Tier = one(tiers);
  const owners = [one([vendor, vendor, customer]), one([null, vendor, customer, customer])] as const;
  const licenseId = ledger.issue(`pair ${index}`, {
    ...{ issuerOrgId: owners[0], holderOrgId: owners[1] },
    ...{ activations: 3, seats: one([0, 1, 2]), users: 1 },
    products: one([['local_cli'], ['cloud_ide', 'local_cli'], ['workflow_app']]),
    externalRef: one([null, 'Sub_1', `Sub_${index}`]),
    policy: {
      tier,
      expiryGraceSeconds: one([0, 0, 500]),
      policyId: one(policyIds),
      remindBefore: one([['P30D', 'PT2H'], ['PT1H'], []]),
    },
    ...one<{ readonly expiresAt?: string }>([
      {},
      { expiresAt: testInstant(800) },
      { expiresAt: testInstant(1_700) },
      { expiresAt: testInstant(9_000) },
    ]),
  });
  ownersOf.set(licenseId, owners);
  return licenseId;
});
export const userRefs = [testId('ref', 'ada'), testId('ref', 'bob')] as const;
/** The users of licenses, by `license user`. */
export const users = new Set<string>();
for (const licenseId of issued) {
  const data = { userRef: one(userRefs) };
  if (ledger.send(licenseId, { type: 'AssignUser', data }).some(({ type }) => type === 'UserAssigned'))
    users.add(`${licenseId} ${data.userRef}`);
}
const acquire = (licenseId: string, seat: string) => {
  const lease = {
    leaseId: testId('lea', `${licenseId} ${seat}`),
    holderHash: testHash(seat),
    product: null,
    userRef: null,
  };
  ledger.send(licenseId, { type: 'AcquireLease', data: { ...lease, borrowSeconds: null, dead: [] } });
};
for (const licenseId of issued) {
  for (let device = one([0, 0, 1, 2, 3]); device > 0; device -= 1) ledger.activate(licenseId, `${device}`);
  for (let seat = one([0, 0, 1, 2]); seat > 0; seat -= 1) acquire(licenseId, `${seat}`);
}
for (const licenseId of issued) {
  const scheduled = { effectiveAt: testInstant(one([900, 1_900, 5_000])) };
  one([
    () => {},
    () => {},
    () => ledger.suspend(licenseId, one([null, testInstant(1_000), testInstant(3_000)])),
    () =>
      ledger.send(licenseId, { type: 'Suspend', data: { reasonCode: 'LEGAL', until: testInstant(6_000), scheduled } }),
    () => ledger.revoke(licenseId),
    () => ledger.renew(licenseId),
  ])();
}
export const metadataOf = new Map(
  issued.map((licenseId) => [licenseId, one<Metadata>([{}, { team: 'blue', seats: 5 }, { team: 'red', seats: '5' }])]),
);
/** Returns an instant of February or March 2026, later than all events. */
export const inFebruary = (day: number) => testInstant((31 + day) * 86_400);
/** Validations of most licenses, by their holder, or by another one that they had before. */
export const validations = issued.flatMap((licenseId) => {
  const [issuerOrgId = vendor, holderOrgId = null] = ownersOf.get(licenseId) ?? [];
  const instants = one([
    [],
    [testInstant(1_200)],
    [testInstant(1_900), inFebruary(9)],
    [inFebruary(24)],
    [inFebruary(40)],
  ]);
  return instants.map((at) => ({ licenseId, issuerOrgId, holderOrgId: one([holderOrgId, holderOrgId, customer]), at }));
});

/** Counts validations, as processes of the API do. */
export const noteValidations = (api: Pool, some: typeof validations): Promise<void> =>
  transaction(api, 'begin', (db) =>
    addValidationCounts(
      db,
      some.map(({ at, ...owner }) => {
        const counts = { validations: 1, denied: 0, lastValidatedAt: at };
        return { ...owner, ...counts, day: at.slice(0, 10), product: null };
      }),
    ),
  );

/** Returns true when a license was issued before an instant, and not validated since, as an organization sees it. */
export const isUnused = ({ licenseId, createdAt }: LicenseFacts, orgId: string, before: string) =>
  createdAt < before &&
  !validations.some(
    ({ at, ...of }) =>
      of.licenseId === licenseId && at >= before && (of.issuerOrgId === orgId || of.holderOrgId === orgId),
  );
// Every command of the log comes a second after the one before it, also a refused one.
for (let second = 0; second < 1_300; second += 1) ledger.revoke(testId('lic', 'unknown'));
for (const licenseId of issued.filter((_, index) => index % 3 > 0)) {
  ledger.expire(licenseId, 1);
  ledger.send(licenseId, { type: 'EndGrace', data: { termNumber: 1 } });
}

type Metadata = Readonly<Record<string, string | number>>;
