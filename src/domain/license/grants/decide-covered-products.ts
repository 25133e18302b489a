import type { CommandOf, LicenseDecision } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { Activation, IssuedLicense, Lease } from '../license.ts';

/** Adds a product. The caller has checked that the issuer's catalog has it. */
export const addProduct = ({ data }: CommandOf<'AddProduct'>, { facts }: IssuedLicense): LicenseDecision =>
  facts.products.includes(data.product) ? [] : [{ type: 'ProductAdded', data }];

/** Removes a product, and ends the activations and leases of this product. */
export const removeProduct = ({ data, at }: CommandOf<'RemoveProduct'>, license: IssuedLicense): LicenseDecision => {
  if (!license.facts.products.includes(data.product)) return [];
  const draft = draftOf(license, at);
  dropProduct(draft, data.product);
  return draft.decided();
};

/** Removes a product as part of a larger change. */
export const dropProduct = ({ license, at, add }: Draft, product: string): void => {
  const activations = countOf(license.activations.values(), product);
  const leases = countOf(license.leases.values(), product);
  const ends = endsOf(license, 'PRODUCT', { activations, leases, users: 0 }, at);
  add({ type: 'ProductRemoved', data: { product, ...ends } });
};

const countOf = (parts: Iterable<Activation | Lease>, product: string): number => {
  let count = 0;
  for (const part of parts) if (part.product === product) count += 1;
  return count;
};
