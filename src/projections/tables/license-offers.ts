import type { PoolClient } from 'pg';
import type { LicenseFacts, LicenseOffer } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { make, type Write } from '../fold/changes.ts';
import { columnsFor, joined, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of an offer is made of. `isOpen` false: it was accepted or ended. An open one may have expired. */
type Offered = { readonly facts: LicenseFacts; readonly offer: LicenseOffer; readonly isOpen: boolean };

const column = columnsFor<Offered>();
const columns = {
  issuer_org_id: column('text', ({ facts }) => facts.issuerOrgId, 'issuerOrgId'),
  holder_org_id: column('text', ({ offer }) => offer.toHolderOrgId),
  license_id: column('text', ({ facts }) => facts.licenseId, 'licenseId'),
  products: column('text[]', ({ facts }) => facts.products, 'products'),
  policy_id: column('text', ({ facts }) => facts.policy.policyId, 'policyId'),
  policy_version: column('integer', ({ facts }) => facts.policy.version, 'policyVersion'),
  tier: column('text', ({ facts }) => facts.policy.tier, 'tier'),
  offered_at: column('timestamptz', ({ offer }) => offer.offeredAt, 'offeredAt'),
  expires_at: column('timestamptz', ({ offer }) => offer.expiresAt, 'expiresAt'),
  expiry: column('text', ({ offer }) => offer.expiry, 'expiry'),
  activations: column('text', ({ offer }) => offer.activations, 'activations'),
  open: column('boolean', ({ isOpen }) => isOpen),
};

/** `rm.license_offers`: the last offer of each license (db/read-models/033-license-offers.sql). */
export const licenseOffers = {
  name: 'license_offers',
  key: ['issuer_org_id', 'license_id'],
  columns: typesOf(columns),
} satisfies Table;

const offerRow = rowMaker(columns);

/**
 * Returns what an event does to the row of a license's offer. The row of an open offer follows the products and the
 * policy of the license.
 */
export const offerWrites = (before: LicenseFacts | null, after: LicenseFacts): readonly Write[] => {
  const offer = after.offer ?? before?.offer ?? null;
  if (offer === null) return [];
  const isOpen = after.offer !== null && after.offer.ended === null;
  const isSame =
    before?.offer === after.offer &&
    (!isOpen || (before.products === after.products && before.policy === after.policy));
  return isSame ? [] : [make(licenseOffers, offerRow({ facts: after, offer, isOpen }))];
};

const issuerName = joined<string | null>('text', 'n.name');
const view = viewOf('f', columns, { issuerName });

/** An offer as its receiver sees it, before the license has a holder. */
export type LicenseOfferView = View<typeof columns, { readonly issuerName: typeof issuerName }>;

type Listing = {
  /** The receiver. */
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** Where the previous page ended; null: the first page. */
  readonly after: { readonly offeredAt: Instant; readonly licenseId: string } | null;
  readonly issuer?: string | undefined;
  /** Offers that have expired at this instant are left out. */
  readonly now: Instant;
};

/**
 * Returns a page of the open offers to an organization, newest first, without those of blocked and closed issuers. For asTenant of
 * that organization.
 */
export const listOffers = async (
  db: PoolClient,
  { orgId, limit, after, issuer, now }: Listing,
): Promise<readonly LicenseOfferView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'list-license-offers',
    text: `select ${view.select} from rm.license_offers f cross join lateral (select rm.issuer_name(f.issuer_org_id) as name) n
      where f.holder_org_id = $1 and f.open and f.expires_at > $3 and ($4::text is null or f.issuer_org_id = $4)
        and ($5::timestamptz is null or (f.offered_at, f.license_id) < ($5, $6))
        and n.name is not null and not exists (select from rm.issuer_decisions d
          where d.issuer_org_id = $1 and d.decided_org_id = f.issuer_org_id and d.decision = 'BLOCKED')
      order by f.offered_at desc, f.license_id desc limit $2`,
    values: [orgId, limit, now, issuer ?? null, after?.offeredAt ?? null, after?.licenseId ?? ''],
    rowMode: 'array',
  });
  return rows.map(view.read);
};
