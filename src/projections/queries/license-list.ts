import type { PoolClient } from 'pg';
import type { Tier } from '../../domain/license/policy.ts';
import type { Status } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';
import { holdersNamed } from './holders-named.ts';
import type { LicenseView } from './license-by-id.ts';

/** The permanent place of a license in a list, also when the list no longer contains it. */
export type LicensePlace = { readonly createdAt: Instant; readonly licenseId: string };

type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** Where the previous page ended; null: the first page. */
  readonly after: LicensePlace | null;
  readonly status?: Status | undefined;
  readonly tier?: Tier | undefined;
  readonly product?: string | undefined;
  readonly externalRef?: string | undefined;
  /** The last group of the current key. */
  readonly keyHint?: string | undefined;
  readonly holder?: string | undefined;
  readonly issuer?: string | undefined;
  /** Only terms that end before this instant. */
  readonly expiresBefore?: Instant | undefined;
  /** Only terms that end at this instant or later. */
  readonly expiresAfter?: Instant | undefined;
  /** The beginning of the reference or of the holder's name, in upper or lower case. */
  readonly q?: string | undefined;
  /** `status` is the status at this instant. */
  readonly now: Instant;
};

/**
 * Returns a page of the licenses that an organization issues or holds, newest first. Licenses that are issued meanwhile
 * do not shift a page. For asTenant of the same organization.
 */
export const listLicenses = async (db: PoolClient, listing: Listing): Promise<readonly LicenseView[]> => {
  const { orgId, limit, after, status, tier, product, externalRef, holder, issuer, now } = listing;
  const { keyHint, expiresBefore, expiresAfter } = listing;
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
    keyHint === undefined ? [] : `l.key_hint = ${parameter(keyHint)}`,
    holder === undefined ? [] : `l.holder_org_id = ${parameter(holder)}`,
    issuer === undefined ? [] : `l.issuer_org_id = ${parameter(issuer)}`,
    expiresBefore === undefined ? [] : `l.expires_at < ${parameter(expiresBefore)}`,
    expiresAfter === undefined ? [] : `l.expires_at >= ${parameter(expiresAfter)}`,
  ].flat();

  // Postgres walks along an index in the order of the list for each side. One condition with "or" would prevent that.
  const side = (...belongs: readonly string[]) => {
    // Under row-level security the planner takes `= any` for rare, and would sort all licenses for it.
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
    ? [sideOfProduct(asIssuer), sideOfProduct(asHolder)]
    : listing.q === undefined
      ? [side(asIssuer), side(asHolder)]
      : sidesOfPrefix(await holdersNamed(db, listing.q), parameter, parameter(listing.q), side);
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

// Any other filter with an index leaves fewer rows to read than a product that most licenses have.
const isOfProduct = ({
  product,
  status,
  tier,
  externalRef,
  keyHint,
  holder,
  issuer,
  expiresBefore,
  expiresAfter,
  q,
}: Listing): boolean =>
  product !== undefined &&
  status !== 'SUSPENDED' &&
  status !== 'REVOKED' &&
  [tier, externalRef, keyHint, holder, issuer, expiresBefore, expiresAfter, q].every((filter) => filter === undefined);

const asIssuer = 'l.issuer_org_id = $1';
const asHolder = 'l.holder_org_id = $1 and l.issuer_org_id <> $1';

/** Selects licenses by their reference, and the others by the name of their holder. */
const sidesOfPrefix = (
  holders: readonly string[],
  parameter: (value: unknown) => string,
  prefix: string,
  side: (...belongs: readonly string[]) => string,
): readonly string[] => {
  // The column is in lower case and ordered by code points, so that an index can serve a prefix.
  const byReference = `l.external_ref_lower >= lower(${prefix}) and l.external_ref_lower < lower(${prefix}) || U&'\\+10FFFF'`;
  if (holders.length === 0) return [side(asIssuer, byReference), side(asHolder, byReference)];
  const byHolder = `l.holder_org_id = any(${parameter(holders)})`;
  return [
    side(asIssuer, byReference),
    side(asIssuer, byHolder, `(${byReference}) is not true`),
    side(asHolder, `(${byReference} or ${byHolder})`),
  ];
};

// The status of src/domain/license/status.ts in SQL. A test compares the two. The planner can estimate these
// conditions, and the partial indexes of licenses are made for them.
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
