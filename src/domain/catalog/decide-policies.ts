import { isWithinProducts } from '../authority.ts';
import { type Rejection, reject } from '../decider.ts';
import { listedNames } from '../listed-names.ts';
import type { OpenCatalog } from './catalog.ts';
import type { CatalogDecision, CatalogRejection, CommandOf, PolicyContent } from './commands.ts';
import type { PolicyVersion } from './events.ts';
import { isSameContent, refuseContent } from './policy-checks.ts';

/** Adds a policy with its version 1. */
export const createPolicy = ({ data }: CommandOf<'CreatePolicy'>, catalog: OpenCatalog): CatalogDecision => {
  const { policyId, content } = data;
  if (catalog.policies.has(policyId)) return [];
  return (
    refuseContent(content) ??
    refuseProducts(content.products, catalog) ?? [{ type: 'PolicyCreated', data: versionOf(content, policyId, 1) }]
  );
};

/** Adds the next version of a policy. Licenses keep their version. The same content changes nothing. */
export const addPolicyVersion = ({ data }: CommandOf<'AddPolicyVersion'>, catalog: OpenCatalog): CatalogDecision => {
  const { policyId, content } = data;
  const policy = catalog.policies.get(policyId);
  if (policy === undefined) return noPolicy();
  if (policy.archivedAt !== null) return reject('ARCHIVED', 'This policy is archived; create a new one.');
  const last = policy.versions.at(-1);
  if (last !== undefined && isSameContent(versionOf(content, policyId, last.policy.version), last)) return [];
  const next = versionOf(content, policyId, policy.versions.length + 1);
  return (
    refuseContent(content) ?? refuseProducts(content.products, catalog) ?? [{ type: 'PolicyVersionAdded', data: next }]
  );
};

/** Ends the use of a policy for new licenses. Changes nothing when it is archived. */
export const archivePolicy = ({ data }: CommandOf<'ArchivePolicy'>, catalog: OpenCatalog): CatalogDecision => {
  const policy = catalog.policies.get(data.policyId);
  if (policy === undefined) return noPolicy();
  return policy.archivedAt !== null ? [] : [{ type: 'PolicyArchived', data: { policyId: data.policyId } }];
};

/** Returns the content as a version of a policy. */
export const versionOf = (content: PolicyContent, policyId: string, version: number): PolicyVersion => {
  const { rules, products, ...defaults } = content;
  return { ...defaults, products: [...new Set(products)], policy: { ...rules, policyId, version } };
};

/**
 * Refuses codes of unknown or archived products. The refusal names the place of the first one. It lists the products on
 * sale of an unknown code, without those beyond `limit`. Null: all.
 */
export const refuseProducts = (
  codes: readonly string[],
  { products, productIds }: OpenCatalog,
  limit: readonly string[] | null = null,
): Rejection<CatalogRejection> | null => {
  for (const [index, code] of codes.entries()) {
    const product = products.get(productIds.get(code) ?? '');
    const place = ['products', index] as const;
    if (product === undefined) return reject('INVALID_REQUEST', noSuchProduct(code, onSale(products, limit)), ...place);
    if (product.archivedAt !== null) return reject('ARCHIVED', `The product ${code} is archived.`, ...place);
  }
  return null;
};

const noSuchProduct = (code: string, codes: readonly string[]): string =>
  `This catalog has no product ${JSON.stringify(code)}. Its products on sale: ${listedNames(codes, 'none')}.`;

const onSale = (products: OpenCatalog['products'], limit: readonly string[] | null): readonly string[] =>
  [...products.values()]
    .filter(({ code, archivedAt }) => archivedAt === null && isWithinProducts([code], limit))
    .map(({ code }) => code)
    .sort();

const noPolicy = () => reject('NOT_FOUND', 'This catalog has no such policy.');
