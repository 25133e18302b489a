import { isKeyRotated, keyUntil } from '../keys/key-rotation.ts';
import type { LicenseFacts } from '../license.ts';
import { seatsWithHolder } from '../seats/withheld-seats.ts';
import { graceUntil, isExpired, isInGrace, isNotYetValid, isSuspended, isUseOver, suspensionAt } from '../status.ts';
import { usageAt } from '../usage/term-counters.ts';
import { isAbove, keptCapacity, type Limit } from '../usage/usage-limits.ts';
import { checkInDueAt } from './next-change.ts';
import type { Checked, Judgement, Rule, RuleInputs } from './rule.ts';

// Rules about the license itself, whatever the request names.

/** A key that no longer works learns this alone, because it may be that of a former holder. */
export const keyRotated: Rule = {
  judge: ({ facts, scope, at }) => {
    const { keyVersion = null } = scope;
    if (keyVersion === null) return 'NOT_NAMED';
    return isKeyRotated(facts, keyVersion, at) ? 'FAILED' : 'PASSED';
  },
  inputs: ({ facts, scope: { keyVersion = null } }) => ({
    keyVersion,
    currentKeyVersion: facts.keyVersion,
    worksUntil: keyUntil(facts, keyVersion),
  }),
};

/** The rules about the state of a license. */
export const stateRules = {
  TENANT_SUSPENDED: {
    judge: ({ view }) => (view.tenantSuspended ? 'FAILED' : 'PASSED'),
    inputs: ({ view }) => ({ issuerClosed: view.tenantSuspended }),
  },
  REVOKED: {
    judge: ({ facts }) => (facts.revokedAt === null ? 'PASSED' : 'FAILED'),
    inputs: ({ facts }) => ({ revokedAt: facts.revokedAt }),
  },
  SUSPENDED: {
    judge: ({ facts, at }) => (isSuspended(facts, at) ? 'FAILED' : 'PASSED'),
    inputs: ({ facts, at }) => {
      const { reasonCode = null, since = null, until = null } = suspensionAt(facts, at) ?? {};
      return { reasonCode, since, until };
    },
  },
  NOT_YET_VALID: {
    judge: ({ facts, at }) => {
      if (!isNotYetValid(facts, at)) return 'PASSED';
      return waitsForDevice(facts) ? 'WAITS_FOR_DEVICE' : 'FAILED';
    },
    inputs: ({ facts }) => ({ startsAt: facts.term.startsAt, awaits: facts.awaited?.trigger ?? null }),
  },
  EXPIRED: {
    judge: ({ facts, at }) => {
      if (facts.term.expiresAt === null) return 'NO_END';
      if (isUseOver(facts, at)) return 'FAILED';
      return isExpired(facts, at) ? 'NOTED' : 'PASSED';
    },
    inputs: ({ facts }) => ({
      expiresAt: facts.term.expiresAt,
      graceUntil: graceUntil(facts),
      expiryStrategy: facts.policy.expiryStrategy,
    }),
  },
  CHECK_IN_OVERDUE: {
    judge: ({ view, at }) => {
      const dueAt = checkInDueAt(view);
      if (dueAt === null) return 'NOT_REQUIRED';
      return at >= dueAt ? 'FAILED' : 'PASSED';
    },
    inputs: ({ view }) => ({
      checkInSeconds: view.facts.policy.checkInSeconds ?? null,
      lastCheckInAt: view.lastCheckInAt,
      dueAt: checkInDueAt(view),
    }),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The rules about use above the limits. */
export const limitRules = {
  TOO_MANY_ACTIVATIONS: {
    judge: ({ facts }) => judgeUse(facts, facts.usage.activations, facts.limits.activations),
    inputs: ({ facts }) => useOf(facts, facts.usage.activations, facts.limits.activations),
  },
  TOO_MANY_LEASES: {
    judge: ({ facts }) => judgeUse(facts, seatsWithHolder(facts), facts.limits.seats),
    inputs: ({ facts }) => useOf(facts, seatsWithHolder(facts), facts.limits.seats),
  },
  TOO_MANY_USERS: {
    judge: ({ facts }) => judgeUse(facts, facts.usage.users, facts.limits.users),
    inputs: ({ facts }) => useOf(facts, facts.usage.users, facts.limits.users),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The remarks on a valid license. */
export const remarkRules = {
  VALID_IN_GRACE: {
    judge: ({ facts, at }, isBlocked) => {
      if (isBlocked) return 'BLOCKED';
      return isInGrace(facts, at) ? 'NOTED' : 'PASSED';
    },
    inputs: ({ facts }) => ({ expiresAt: facts.term.expiresAt, graceUntil: graceUntil(facts) }),
  },
  VALID_OVERAGE: {
    judge: (checked, isBlocked) => {
      if (isBlocked) return 'BLOCKED';
      return isOverLimit(checked) ? 'NOTED' : 'PASSED';
    },
    inputs: ({ facts, at }) => {
      const { activations, seats, users } = usageAt(facts, at);
      const { limits } = facts;
      return {
        activations,
        activationsLimit: limits.activations,
        seats,
        seatsLimit: limits.seats,
        users,
        usersLimit: limits.users,
      };
    },
  },
} as const satisfies Readonly<Record<string, Rule>>;

// A client activates at NOT_ACTIVATED, which begins the term; at NOT_YET_VALID it gives up.
/** Returns true while the term waits for the first activation. */
export const waitsForDevice = ({ awaited }: LicenseFacts): boolean => awaited?.trigger === 'FIRST_ACTIVATION';

// Usage above a lowered limit stays valid, unless the policy refuses it or ends it. What was let in before stays
// anyway.
const judgeUse = ({ policy, overuseStays }: LicenseFacts, used: number, limit: Limit): Judgement => {
  if (!isAbove(used, limit)) return 'PASSED';
  if (overuseStays || policy.limitStrategy === 'ALLOW_OVER') return 'OVERUSE_STAYS';
  return used > keptCapacity(limit, policy.overage) ? 'FAILED' : 'PASSED';
};

const useOf = ({ policy, overuseStays }: LicenseFacts, used: number, limit: Limit): RuleInputs => {
  const capacity = keptCapacity(limit, policy.overage);
  return {
    used,
    limit,
    // Null: the limit or the overage has no end.
    capacity: Number.isFinite(capacity) ? capacity : null,
    limitStrategy: policy.limitStrategy,
    overuseStays,
  };
};

const isOverLimit = ({ facts, at }: Checked): boolean => {
  const { limits } = facts;
  const usage = usageAt(facts, at);
  const { activations, seats, users } = limits;
  if (isAbove(usage.activations, activations) || isAbove(usage.seats, seats) || isAbove(usage.users, users))
    return true;
  for (const [meter, used] of Object.entries(usage.meters)) if (isAbove(used, limits.meters[meter] ?? 0)) return true;
  return false;
};
