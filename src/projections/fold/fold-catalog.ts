import type { CatalogEvent } from '../../domain/catalog/events.ts';
import type { At } from '../../domain/decider.ts';
import type { Decoded } from '../../eventstore/envelope.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import type { Catalog, FoldedCatalog } from '../tables/catalogs.ts';
import { policies, policyRow } from '../tables/policies.ts';
import { productRow, products } from '../tables/products.ts';
import { releaseRow, releases } from '../tables/releases.ts';
import { change, make, sweep, type Write } from './changes.ts';

/**
 * Folds one event of an issuer's catalog. Returns the catalog after it, and what the event does to the rows of products,
 * releases and policies. Throws when the event does not belong to the stream.
 */
export const foldCatalog = (
  before: Catalog | null,
  issuerOrgId: string,
  { event, at }: Decoded<CatalogEvent>,
  { revision, position }: Recorded,
): { readonly after: FoldedCatalog; readonly writes: readonly Write[] } => {
  const after = catalogAfter(before, event, at);
  if (after === null) throw new Error('the stream does not begin with CatalogOpened.');
  if (after.issuerOrgId !== issuerOrgId)
    throw new Error(`it opens the catalog of ${after.issuerOrgId}, which is not that of its stream.`);
  return {
    after: { ...after, revision, position: position.commit },
    writes: partWrites(event, at, after),
  };
};

const catalogAfter = (before: Catalog | null, event: CatalogEvent, { recordedAt }: At): Catalog | null => {
  if (event.type === 'CatalogOpened')
    return { issuerOrgId: event.data.issuerOrgId, openedAt: recordedAt, policies: {} };
  if (before === null || (event.type !== 'PolicyCreated' && event.type !== 'PolicyVersionAdded')) return before;
  const { policyId, version } = event.data.policy;
  const createdAt = before.policies[policyId]?.createdAt ?? recordedAt;
  return { ...before, policies: { ...before.policies, [policyId]: { version, createdAt } } };
};

// Every case returns, so that a new event without a case does not compile.
const partWrites = (
  event: CatalogEvent,
  { recordedAt, effectiveAt }: At,
  { issuerOrgId, policies: known }: Catalog,
): readonly Write[] => {
  const issuer_org_id = issuerOrgId;
  switch (event.type) {
    case 'ProductCreated':
      return [make(products, productRow({ issuerOrgId, data: event.data, createdAt: recordedAt }))];
    case 'ProductChanged': {
      const { productId: product_id, name, description } = event.data;
      return [change(products, { issuer_org_id, product_id, name, description })];
    }
    case 'ProductArchived':
      return [change(products, { issuer_org_id, product_id: event.data.productId, archived_at: effectiveAt })];
    case 'PolicyCreated': {
      const createdAt = { createdAt: recordedAt, policyCreatedAt: recordedAt };
      return [make(policies, policyRow({ issuerOrgId, version: event.data, ...createdAt }))];
    }
    case 'PolicyVersionAdded': {
      const { policyId: policy_id, version } = event.data.policy;
      const policyCreatedAt = known[policy_id]?.createdAt ?? recordedAt;
      return [
        change(policies, { issuer_org_id, policy_id, version: version - 1, current: false }),
        make(policies, policyRow({ issuerOrgId, version: event.data, createdAt: recordedAt, policyCreatedAt })),
      ];
    }
    case 'PolicyArchived': {
      const group = { issuer_org_id, policy_id: event.data.policyId };
      return [sweep(policies, { group, product: null, oldest: null, set: { archived_at: effectiveAt } })];
    }
    case 'ReleasePublished':
      return [make(releases, releaseRow({ issuerOrgId, data: event.data, publishedAt: recordedAt }))];
    case 'ReleaseWithdrawn': {
      const { product, version } = event.data;
      return [change(releases, { issuer_org_id, product, version, withdrawn_at: effectiveAt })];
    }
    case 'CatalogOpened':
      return [];
  }
};
