import { type LimitsAndRules, type MeterRules, mergedRules } from '../usage/meter-rules.ts';
import type { Limit, Limits } from '../usage/usage-limits.ts';

/**
 * What the issuer gave a license in addition to its policy, and removed from it. A change of the policy keeps it. The
 * entitlements of source `grant` are overrides, too, and are not listed here.
 */
export type Overrides = {
  /** Absent: every limit is the policy's. */
  readonly limits?: LimitOverrides;
  /** Absent: the products are the policy's. */
  readonly products?: ProductOverrides;
};

/** The limits that the issuer set, by name. Null removes a meter of the policy. Absent limits are the policy's. */
export type LimitOverrides = {
  readonly activations?: Limit;
  readonly seats?: Limit;
  readonly users?: Limit;
  readonly meters?: Readonly<Record<string, Limit | null>>;
  /** When meters reset, and their own overage. It wins over the rules of the policy, member by member. */
  readonly meterRules?: MeterRules;
};

/** The products that the issuer added to those of the policy, and those of the policy that it removed. */
export type ProductOverrides = { readonly added: readonly string[]; readonly removed: readonly string[] };

/** The overrides that a change of the policy dropped. `entitlements`: the codes of what the issuer granted or withheld. */
export type Dropped = Overrides & { readonly entitlements?: readonly string[] };

/** Returns the limits that a request names, as overrides. */
export const limitOverrides = ({ activations, seats, users, meters, meterRules }: LimitsAndRules): LimitOverrides => ({
  ...(activations === undefined ? {} : { activations }),
  ...(seats === undefined ? {} : { seats }),
  ...(users === undefined ? {} : { users }),
  ...(meters === undefined || Object.keys(meters).length === 0 ? {} : { meters: sorted(meters) }),
  ...(meterRules === undefined || Object.keys(meterRules).length === 0 ? {} : { meterRules: sorted(meterRules) }),
});

/** Returns the overrides of limits without the removal of meters that the license does not have: it changes nothing. */
export const withoutVainRemovals = (overrides: LimitOverrides, limits: Pick<Limits, 'meters'>): LimitOverrides => {
  const meters = Object.entries(overrides.meters ?? {});
  const kept = meters.filter(([name, limit]) => limit !== null || Object.hasOwn(limits.meters, name));
  return limitOverrides({ ...overrides, meters: Object.fromEntries(kept) });
};

/** Returns the overrides after further ones, which replace those of the same limit and all of the products. */
export const withOverrides = (overrides: Overrides, { limits = {}, products }: Overrides): Overrides => {
  const before = overrides.limits ?? {};
  const meters = { ...before.meters, ...limits.meters };
  // A meter that the issuer removed has no rules.
  const rules = Object.entries(mergedRules(before.meterRules, limits.meterRules));
  const meterRules = Object.fromEntries(
    rules.filter(([name]) => !Object.hasOwn(meters, name) || meters[name] !== null),
  );
  return present({
    limits: limitOverrides({ ...before, ...limits, meters, meterRules }),
    products: products ?? overrides.products ?? noProducts,
  });
};

/** Returns the overrides after the issuer added a product. */
export const withAdded = (overrides: Overrides, product: string): Overrides => {
  const { added, removed } = overrides.products ?? noProducts;
  return withOverrides(overrides, {
    products: { added: [...without(added, [product]), product], removed: without(removed, [product]) },
  });
};

/** Returns the overrides after the issuer removed a product. Removing one that it added takes the addition back. */
export const withRemoved = (overrides: Overrides, product: string): Overrides => {
  const { added, removed } = overrides.products ?? noProducts;
  const products = added.includes(product)
    ? { added: without(added, [product]), removed }
    : { added, removed: [...without(removed, [product]), product] };
  return withOverrides(overrides, { products });
};

/** Returns how the products of a request differ from those of the policy: `covered`, and of these `offered`. */
export const productOverrides = (
  products: readonly string[],
  { covered, offered }: { readonly covered: readonly string[]; readonly offered: readonly string[] },
): ProductOverrides => ({ added: without(products, covered), removed: without(offered, products) });

/** Returns the overrides of a license after an event that states them. `stated` absent: the event changes none. */
export const overridesAfter = (
  { overrides }: { readonly overrides: Overrides | null },
  stated: Overrides | undefined,
): Overrides | null => {
  if (stated === undefined) return overrides;
  return isNothing(stated) ? null : stated;
};

/** Returns true when both are the same. */
export const sameOverrides = (a: Overrides, b: Overrides): boolean =>
  JSON.stringify(withOverrides(a, {})) === JSON.stringify(withOverrides(b, {}));

/** Returns true for overrides without a limit or product. */
export const isNothing = (overrides: Overrides): boolean => Object.keys(present(overrides)).length === 0;

/** Returns `codes` without `others`, in order. */
export const without = (codes: readonly string[], others: readonly string[]): readonly string[] =>
  codes.filter((code) => !others.includes(code));

const noProducts: ProductOverrides = { added: [], removed: [] };

// Without the parts that say nothing, so that equal overrides have one form.
const present = ({ limits = {}, products = noProducts }: Overrides): Overrides => ({
  ...(Object.keys(limits).length === 0 ? {} : { limits }),
  ...(products.added.length + products.removed.length === 0 ? {} : { products }),
});

const sorted = <Value>(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
