import type { LicenseFacts } from '../license.ts';
import type { Target } from '../tiers/tier-events.ts';
import { changedLimits } from '../usage/usage-limits.ts';
import {
  type Dropped,
  type LimitOverrides,
  limitOverrides,
  type Overrides,
  type ProductOverrides,
  withOverrides,
  without,
} from './overrides.ts';

/** A change of the policy of one license: what it has after the change, with its overrides. */
export type PolicyMove = Target & {
  /** What the license has in addition to its new policy. */
  readonly overrides: Overrides;
  readonly dropped: Dropped;
};

/**
 * Returns what a license has after a move to the target. An override wins over the new policy. The target's own
 * overrides win over those of the license, which stay unless the target resets them. Products that the target names
 * replace every product override.
 */
export const policyMove = (facts: LicenseFacts, target: Target): PolicyMove => {
  const before = facts.overrides ?? {};
  const overrides = withOverrides(target.resetsOverrides === true ? {} : before, target.overrides ?? {});
  return {
    ...target,
    overrides,
    products: productsOf(facts, target, overrides),
    limits: target.limits === null ? null : changedLimits(target.limits, overrides.limits ?? {}),
    dropped: {
      ...droppedLimits(before.limits ?? {}, overrides.limits ?? {}),
      ...droppedProducts(before.products, overrides.products),
      ...droppedGrants(facts, target),
    },
  };
};

const productsOf = (facts: LicenseFacts, target: Target, { products }: Overrides): readonly string[] | null => {
  if (target.overrides?.products !== undefined) return target.products;
  const covered = target.products ?? ownProducts(facts, target);
  if (covered === null || products === undefined) return covered;
  return [...without(covered, [...products.removed, ...products.added]), ...products.added];
};

// A policy that names no products leaves the license those that it has without its overrides.
const ownProducts = ({ products, overrides }: LicenseFacts, { resetsOverrides }: Target): readonly string[] | null => {
  if (resetsOverrides !== true || overrides?.products === undefined) return null;
  const { added, removed } = overrides.products;
  return [...without(products, [...added, ...removed]), ...removed];
};

const droppedLimits = (before: LimitOverrides, after: LimitOverrides): Dropped => {
  const { meters = {}, meterRules = {}, ...counts } = before;
  const limits = limitOverrides({
    ...absentIn(counts, after),
    meters: absentIn(meters, after.meters ?? {}),
    meterRules: absentIn(meterRules, after.meterRules ?? {}),
  });
  return Object.keys(limits).length === 0 ? {} : { limits };
};

const droppedProducts = (before: ProductOverrides | undefined, after: ProductOverrides | undefined): Dropped => {
  const added = without(before?.added ?? [], after?.added ?? []);
  const removed = without(before?.removed ?? [], after?.removed ?? []);
  return added.length + removed.length === 0 ? {} : { products: { added, removed } };
};

const droppedGrants = ({ entitlements }: LicenseFacts, { resetsOverrides }: Target): Dropped => {
  const codes = entitlements.filter(({ source }) => source === 'grant').map(({ code }) => code);
  return resetsOverrides !== true || codes.length === 0 ? {} : { entitlements: codes };
};

const absentIn = <Value>(before: Readonly<Record<string, Value>>, after: object): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(before).filter(([name]) => !Object.hasOwn(after, name)));
