import type { Rejection } from '../../decider.ts';
import type { LicenseRejection } from '../commands.ts';
import type { Draft } from '../draft.ts';
import type { EventOf } from '../events.ts';
import { dropProduct } from '../grants/decide-covered-products.ts';
import { type Entitlement, isSameEntitlement } from '../grants/entitlement.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { refuseMoreMeters } from '../overrides/meters-max.ts';
import { sameOverrides } from '../overrides/overrides.ts';
import type { PolicyMove } from '../overrides/policy-move.ts';
import type { LimitStrategy, Tier } from '../policy.ts';
import { maintenanceUnder } from '../term/maintenance.ts';
import { setLimits } from '../usage/decide-limits.ts';
import { refuseLimits } from '../usage/usage-limits.ts';
import type { ChangedOverrides, Target } from './tier-events.ts';

/** Refuses a target with invalid limits. */
export const refuseTarget = ({ limits }: Target): Rejection<'LIMIT_INVALID'> | null =>
  limits === null ? null : refuseLimits(limits);

/** Refuses a move that gives the license too many meters, those that its issuer removed included. */
export const refuseMove = (
  facts: LicenseFacts,
  { limits, overrides }: PolicyMove,
): Rejection<'QUOTA_EXCEEDED'> | null => refuseMoreMeters(facts, { limits: limits ?? facts.limits, overrides });

/** Why a license gets another policy, and the event that announced it; null: none did. */
export type TierChange = Pick<EventOf<'LicenseTierChanged'>['data'], 'cause' | 'scheduledBy'>;

/** Returns what a move does to the overrides of a license; an empty object when they stay as they are. */
export const changedOverrides = ({ facts }: IssuedLicense, { overrides, dropped }: PolicyMove): ChangedOverrides => ({
  ...(sameOverrides(facts.overrides ?? {}, overrides) ? {} : { overrides }),
  ...(Object.keys(dropped).length === 0 ? {} : { dropped }),
});

/** Returns the event that moves a license to the policy of the move. */
export const tierChanged = (
  license: IssuedLicense,
  move: PolicyMove,
  { cause, scheduledBy }: TierChange,
): EventOf<'LicenseTierChanged'> => {
  const { facts } = license;
  const { policy } = move;
  const [from, to] = [facts.policy.tier, policy.tier];
  const step = tierOrder[to] - tierOrder[from];
  const direction = step === 0 ? 'SAME' : step > 0 ? 'UPGRADE' : 'DOWNGRADE';
  const { policyId, version: policyVersion } = policy;
  return {
    type: 'LicenseTierChanged',
    data: {
      from,
      to,
      policyId,
      policyVersion,
      policy,
      direction,
      cause,
      scheduledBy,
      ...changedOverrides(license, move),
      ...maintenanceUnder(policy, facts),
    },
  };
};

/**
 * Adds the products, limits and entitlements of a move to a new policy. The event of the move itself drops what it drops.
 * Returns the refusal of the limits, or null.
 */
export const addConsequences = (
  draft: Draft,
  { products, limits, entitlements }: PolicyMove,
  strategy: LimitStrategy,
): Rejection<LicenseRejection> | null => {
  if (products !== null) addProducts(draft, products);
  if (entitlements !== null) addEntitlements(draft, entitlements);
  return limits === null ? null : setLimits(draft, limits, strategy);
};

/**
 * Adds the consequences of a change that nothing refuses, because it was announced or a trial ends. Use above its
 * limits stays or ends, also when its strategy would refuse an immediate change.
 */
export const addUnrefusedConsequences = (draft: Draft, move: PolicyMove): void => {
  const { limitStrategy } = move.policy;
  const refusal = addConsequences(draft, move, limitStrategy === 'REJECT' ? 'ALLOW_OVER' : limitStrategy);
  if (refusal !== null) throw new Error(`Nothing refuses an announced change. ${refusal.detail}`);
};

const addProducts = (draft: Draft, products: readonly string[]): void => {
  const previous = draft.license.facts.products;
  // Added first, so that devices and seats stay when the license has other products afterwards.
  for (const product of products)
    if (!previous.includes(product)) draft.add({ type: 'ProductAdded', data: { product } });
  for (const product of previous) if (!products.includes(product)) dropProduct(draft, product);
};

// Entitlements of grants and products stay.
const addEntitlements = (draft: Draft, entitlements: readonly Entitlement[]): void => {
  const previous = draft.license.facts.entitlements.filter(({ source }) => source === 'tier' || source === 'trial');
  const isIn = (list: readonly Entitlement[], entitlement: Entitlement) =>
    list.some((other) => isSameEntitlement(other, entitlement));
  for (const entitlement of previous) {
    const { code, source } = entitlement;
    if (!isIn(entitlements, entitlement)) draft.add({ type: 'EntitlementRevoked', data: { code, source } });
  }
  for (const entitlement of entitlements)
    if (!isIn(previous, entitlement)) draft.add({ type: 'EntitlementGranted', data: entitlement });
};

const tierOrder: Readonly<Record<Tier, number>> = { FREE: 0, TRIAL: 1, PRO: 2, ENTERPRISE: 3 };
