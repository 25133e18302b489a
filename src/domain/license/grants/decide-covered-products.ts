import type { CommandOf, LicenseDecision } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { IssuedLicense } from '../license.ts';

/** Adds a product. The caller has checked that the issuer's catalog has it. */
export const addProduct = ({ data }: CommandOf<'AddProduct'>, { facts }: IssuedLicense): LicenseDecision =>
  facts.products.includes(data.product) ? [] : [{ type: 'ProductAdded', data }];

/** Removes a product. The last product takes every activation and lease with it, whatever product they were for. */
export const removeProduct = ({ data, at }: CommandOf<'RemoveProduct'>, license: IssuedLicense): LicenseDecision => {
  if (!license.facts.products.includes(data.product)) return [];
  const draft = draftOf(license, at);
  dropProduct(draft, data.product);
  return draft.decided();
};

/** Removes a product as part of a larger change. A change that also adds products must add them first. */
export const dropProduct = ({ license, at, add }: Draft, product: string): void => {
  const isLast = license.facts.products.every((other) => other === product);
  const open = { activations: license.activations.size, leases: license.leases.size, users: 0 };
  add({ type: 'ProductRemoved', data: { product, ...(isLast ? endsOf(license, 'ALL', open, at) : {}) } });
};
