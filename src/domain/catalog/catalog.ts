import type { At } from '../decider.ts';
import { ForkableMap } from '../forkable-map.ts';
import type { Instant } from '../time.ts';
import type { CatalogEvent, PolicyVersion, ReleaseName } from './events.ts';

/** The state of a catalog stream, on which commands are decided and from which licenses are issued. */
export type Catalog = { readonly kind: 'unopened' } | OpenCatalog;

/** The products, their releases and the policies of an issuer. The fold owns it and changes it in place. */
export type OpenCatalog = {
  readonly kind: 'open';
  readonly issuerOrgId: string;
  /** By product id. */
  readonly products: ForkableMap<string, Product>;
  /** Product ids by code, also of archived products: a code names one product for ever. */
  readonly productIds: ForkableMap<string, string>;
  readonly policies: ForkableMap<string, Policy>;
  /** By `releaseKey`, also withdrawn ones. */
  readonly releases: ForkableMap<string, Release>;
  /** How many of the releases are of a product, by its code. */
  readonly releaseCounts: ForkableMap<string, number>;
};

export type Product = {
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Instant;
  /** Null: on sale. */
  readonly archivedAt: Instant | null;
};

export type Release = {
  readonly channel: string;
  readonly releasedAt: Instant;
  readonly publishedAt: Instant;
  /** Null: it counts. */
  readonly withdrawnAt: Instant | null;
};

/** Returns the key of a release in a catalog. */
export const releaseKey = ({ product, version }: ReleaseName): string => `${product} ${version}`;

/** `versions`: oldest first, so version `n` is at `n - 1`; `versionsAt`: when each version was added. */
export type Policy = {
  readonly versions: readonly PolicyVersion[];
  readonly versionsAt: readonly Instant[];
  /** Null: in use. */
  readonly archivedAt: Instant | null;
};

/** Returns the state of a stream without events. */
export const initial = (): Catalog => ({ kind: 'unopened' });

/** Returns the catalog after one more event. Never throws. Takes ownership of `catalog` and changes it in place. */
export const evolve = (catalog: Catalog, event: CatalogEvent, at: At): Catalog => {
  if (event.type === 'CatalogOpened')
    return {
      kind: 'open',
      issuerOrgId: event.data.issuerOrgId,
      products: new ForkableMap(),
      productIds: new ForkableMap(),
      policies: new ForkableMap(),
      releases: new ForkableMap(),
      releaseCounts: new ForkableMap(),
    };
  return catalog.kind === 'unopened' ? catalog : evolveOpen(catalog, event, at);
};

/** Returns an independent copy: evolving one of the two leaves the other as it is. */
export const fork = (catalog: Catalog): Catalog =>
  catalog.kind === 'unopened'
    ? catalog
    : {
        ...catalog,
        products: catalog.products.fork(),
        productIds: catalog.productIds.fork(),
        policies: catalog.policies.fork(),
        releases: catalog.releases.fork(),
        releaseCounts: catalog.releaseCounts.fork(),
      };

// The return type refuses to compile a new type of event without a case.
const evolveOpen = (
  catalog: OpenCatalog,
  event: Exclude<CatalogEvent, { type: 'CatalogOpened' }>,
  { recordedAt, effectiveAt }: At,
): OpenCatalog => {
  const { products, productIds, policies, releases, releaseCounts } = catalog;
  switch (event.type) {
    case 'ProductCreated': {
      const { productId, code, name, description } = event.data;
      products.set(productId, { code, name, description, createdAt: recordedAt, archivedAt: null });
      productIds.set(code, productId);
      return catalog;
    }
    case 'ProductChanged': {
      const { productId, name, description } = event.data;
      change(products, productId, { name, description });
      return catalog;
    }
    case 'ProductArchived':
      change(products, event.data.productId, { archivedAt: effectiveAt });
      return catalog;
    case 'PolicyCreated':
      policies.set(event.data.policy.policyId, {
        versions: [event.data],
        versionsAt: [recordedAt],
        archivedAt: null,
      });
      return catalog;
    case 'PolicyVersionAdded': {
      const { policyId } = event.data.policy;
      const { versions = [], versionsAt = [] } = policies.get(policyId) ?? {};
      change(policies, policyId, {
        versions: [...versions, event.data],
        versionsAt: [...versionsAt, recordedAt],
      });
      return catalog;
    }
    case 'PolicyArchived':
      change(policies, event.data.policyId, { archivedAt: effectiveAt });
      return catalog;
    case 'ReleasePublished': {
      const { product, channel, releasedAt } = event.data;
      const key = releaseKey(event.data);
      if (!releases.has(key)) releaseCounts.set(product, (releaseCounts.get(product) ?? 0) + 1);
      releases.set(key, { channel, releasedAt, publishedAt: recordedAt, withdrawnAt: null });
      return catalog;
    }
    case 'ReleaseWithdrawn':
      change(releases, releaseKey(event.data), { withdrawnAt: effectiveAt });
      return catalog;
  }
};

const change = <Value extends object>(map: ForkableMap<string, Value>, key: string, changes: Partial<Value>): void => {
  const value = map.get(key);
  if (value !== undefined) map.set(key, { ...value, ...changes });
};
