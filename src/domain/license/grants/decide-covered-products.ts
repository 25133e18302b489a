import type { CommandOf, LicenseDecision } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { IssuedLicense } from '../license.ts';
import { type Overrides, withAdded, withRemoved } from '../overrides/overrides.ts';

/**
 * Adds a product, which a change of the policy keeps. The caller has checked that the issuer's catalog has it. Changes
 * nothing when the license covers it already.
 */
export const addProduct = ({ data }: CommandOf<'AddProduct'>, { facts }: IssuedLicense): LicenseDecision => {
  const { product } = data;
  if (facts.products.includes(product)) return [];
  return [{ type: 'ProductAdded', data: { product, overrides: withAdded(facts.overrides ?? {}, product) } }];
};

/** Removes a product, which a change of the policy does not bring back. The last product takes every activation and lease with it, whatever product they were for. */
export const removeProduct = ({ data, at }: CommandOf<'RemoveProduct'>, license: IssuedLicense): LicenseDecision => {
  const { products, overrides } = license.facts;
  if (!products.includes(data.product)) return [];
  const draft = draftOf(license, at);
  dropProduct(draft, data.product, { overrides: withRemoved(overrides ?? {}, data.product) });
  return draft.decided();
};

/** Removes a product as part of a larger change. A change that also adds products must add them first. */
export const dropProduct = (
  { license, at, add }: Draft,
  product: string,
  stated: { readonly overrides?: Overrides } = {},
): void => {
  const isLast = license.facts.products.every((other) => other === product);
  const open = { activations: license.activations.size, leases: license.leases.size, users: 0 };
  add({ type: 'ProductRemoved', data: { product, ...(isLast ? endsOf(license, 'ALL', open, at) : {}), ...stated } });
};
