import type { PoolClient } from 'pg';
import type { Tier } from '../../domain/license/policy.ts';
import type { Status } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';
import type { LicenseView } from './license-by-id.ts';

/** Where a license stands in a list, for good: also where it is not in the list any more. */
export type LicensePlace = { readonly createdAt: Instant; readonly licenseId: string };

type Listing = {
  readonly orgId: string;
  /** Rows at most; ask for one more than is shown to know whether there is a next page. */
  readonly limit: number;
  /** Where the page before ended; null: from the newest. */
  readonly after: LicensePlace | null;
  readonly status?: Status | undefined;
  readonly tier?: Tier | undefined;
  readonly product?: string | undefined;
  readonly externalRef?: string | undefined;
  readonly holder?: string | undefined;
  /** Terms that end before this instant; at this instant or later. */
  readonly expiresBefore?: Instant | undefined;
  readonly expiresAfter?: Instant | undefined;
  /** What the reference begins with, or the name of the holder, in any case. */
  readonly q?: string | undefined;
  /** The instant that status is told for. */
  readonly now: Instant;
};

/**
 * The licenses that an organization issues or holds, newest first. A page is not shifted by licenses issued meanwhile. For
 * asTenant of the same organization.
 */
export const listLicenses = async (db: PoolClient, listing: Listing): Promise<readonly LicenseView[]> => {
  const { orgId, limit, after, status, tier, product, externalRef, holder, expiresBefore, expiresAfter, now } = listing;
  const values: unknown[] = [orgId, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const isBefore = (alias: string) =>
    after === null
      ? []
      : `(${alias}.created_at, ${alias}.license_id) < (${parameter(after.createdAt)}::timestamptz, ${parameter(after.licenseId)})`;
  const filters = [
    status === undefined ? [] : hasStatus(status, () => `${parameter(now)}::timestamptz`),
    tier === undefined ? [] : `l.tier = ${parameter(tier)}`,
    externalRef === undefined ? [] : `l.external_ref = ${parameter(externalRef)}`,
    holder === undefined ? [] : `l.holder_org_id = ${parameter(holder)}`,
    expiresBefore === undefined ? [] : `l.expires_at < ${parameter(expiresBefore)}`,
    expiresAfter === undefined ? [] : `l.expires_at >= ${parameter(expiresAfter)}`,
  ].flat();

  // Each side is a walk of its own along an index in the order of the list, which one condition with "or" would not be.
  const side = (...belongs: readonly string[]) => {
    // Not `= any`, which the planner takes for rare, under row-level security, and sorts all licenses for.
    const has = product === undefined ? [] : `array_position(l.products, ${parameter(product)}::text) is not null`;
    const conditions = [...belongs, ...filters, isBefore('l'), has].flat().join(' and ');
    return `(select * from rm.licenses l where ${conditions} order by l.created_at desc, l.license_id desc limit $2)`;
  };
  const sideOfProduct = (belongs: string) => {
    const walked = [belongs, `l.product = ${parameter(product)}`, 'not l.removed', isBefore('l')].flat().join(' and ');
    const conditions = ['true', ...filters].join(' and ');
    return `(select l.* from (select * from rm.license_products l where ${walked}) p
      cross join lateral (select * from rm.licenses s where s.license_id = p.license_id limit 1) l
      where ${conditions} order by p.created_at desc, p.license_id desc limit $2)`;
  };
  const sides = isOfProduct(listing)
    ? [sideOfProduct(issued), sideOfProduct(held)]
    : listing.q === undefined
      ? [side(issued), side(held)]
      : sidesFound(await holdersNamed(db, listing.q), parameter, parameter(listing.q), side);
  const { rows } = await db.query<[JsonObject | null, ...unknown[]]>({
    text: `select m.metadata, ${listedColumns}
      from (${sides.join(' union all ')}) l
      left join vault.license_metadata m using (license_id)
      order by l.created_at desc, l.license_id desc limit $2`,
    values,
    rowMode: 'array',
  });
  return rows.map((row) => ({ ...readLicense(row, 1), metadata: row[0] }));
};

const listedColumns = selectLicense('l');

// Any other filter with an index of its own leaves fewer to look through, of a product that most licenses have.
const isOfProduct = ({
  product,
  status,
  tier,
  externalRef,
  holder,
  expiresBefore,
  expiresAfter,
  q,
}: Listing): boolean =>
  product !== undefined &&
  status !== 'SUSPENDED' &&
  status !== 'REVOKED' &&
  [tier, externalRef, holder, expiresBefore, expiresAfter, q].every((filter) => filter === undefined);

const issued = 'l.issuer_org_id = $1';
const held = 'l.holder_org_id = $1 and l.issuer_org_id <> $1';

/** What is found by its reference, then what is found by the name of its holder alone. */
const sidesFound = (
  holders: readonly string[],
  parameter: (value: unknown) => string,
  prefix: string,
  side: (...belongs: readonly string[]) => string,
): readonly string[] => {
  // The column is in lower case, in the order of code points, so that an index finds what begins with the prefix.
  const byReference = `l.external_ref_lower >= lower(${prefix}) and l.external_ref_lower < lower(${prefix}) || U&'\\+10FFFF'`;
  if (holders.length === 0) return [side(issued, byReference), side(held, byReference)];
  const byHolder = `l.holder_org_id = any(${parameter(holders)})`;
  return [
    side(issued, byReference),
    side(issued, byHolder, `(${byReference}) is not true`),
    side(held, `(${byReference} or ${byHolder})`),
  ];
};

const holdersNamed = async (db: PoolClient, prefix: string): Promise<readonly string[]> => {
  const { rows } = await db.query<{ holders: string[] }>({
    name: 'holders-named',
    text: 'select rm.holders_named($1) as holders',
    values: [prefix],
  });
  return rows[0]?.holders ?? [];
};

// The status of src/domain/license/status.ts, in SQL; a test holds the two together. In conditions that the planner can
// weigh, and that the partial indexes of licenses are made for.
const hasStatus = (status: Status, nowOf: () => string): string => {
  if (status === 'REVOKED') return 'l.revoked_at is not null';
  const now = nowOf();
  const suspended = `(l.suspension_reason is not null and (l.suspended_until is null or l.suspended_until > ${now})
    or l.more ? 'scheduled' and exists (select from jsonb_array_elements(l.more->'scheduled') later
      where later->'change'->>'kind' = 'SUSPENSION' and (later->>'effectiveAt')::timestamptz <= ${now}
        and coalesce((later->'change'->>'until')::timestamptz > ${now}, true)))`;
  const expired = `coalesce(l.expires_at + make_interval(secs => (l.policy->>'expiryGraceSeconds')::bigint) <= ${now}, false)`;
  switch (status) {
    case 'SUSPENDED':
      return `l.revoked_at is null and ${suspended}`;
    case 'EXPIRED':
      return `l.revoked_at is null and not ${suspended} and ${expired}`;
    case 'ACTIVE':
      return `l.revoked_at is null and not ${suspended} and not ${expired}`;
  }
};
