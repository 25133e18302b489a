import type { Entitlement } from '../../../src/domain/license/grants/entitlement.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { TermRequest } from '../../../src/domain/license/issue/issue-commands.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import type { Schedule } from '../../../src/domain/license/scheduled/scheduled-commands.ts';
import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import { type Limit, type Limits, unlimited } from '../../../src/domain/license/usage/usage-limits.ts';
import type { Chance } from '../../support/chance.ts';

// Values are few and instants are multiples of few steps, so that commands meet: the same device twice, a command
// exactly at an expiry, a millisecond before it, within a grace, after a cooldown.

/** The shared state of the draws of one sequence: the ids of earlier commands, accepted or not. */
export type Draw = {
  readonly chance: Chance;
  readonly at: number;
  readonly index: number;
  readonly activations: string[];
  readonly leases: string[];
  readonly announced: string[];
  readonly ends: string[];
};

export const hour = 3_600_000;
const day = 24 * hour;

/** Returns the instant of so many milliseconds; `ms` is the inverse. */
export const instant = (time: number): string => new Date(time).toISOString();
export const ms = (time: string): number => Date.parse(time);

/**
 * Returns the milliseconds of a drawn duration of days, weeks or hours; 0 for an invalid one. Other tests cover
 * months.
 */
export const lengthOf = (text: string): number => (hours[text] ?? 0) * hour;
const hours: Readonly<Record<string, number>> = { PT1H: 1, PT2H: 2, P1D: 24, P1W: 168, P10D: 240, P4W: 672, P30D: 720 };

/** Draws a duration, rarely an invalid one. A first term is long enough for things to happen in it. */
export const duration = ({ chance, index }: Draw): string => {
  if (chance.percent(4)) return chance.one(['P0D', 'one year']);
  return index === 0 ? chance.one(['P1D', 'P10D', 'P4W']) : chance.one(['PT1H', 'PT2H', 'P1D', 'P10D', 'P1W']);
};

/** Draws an instant around now: before, exactly now, a millisecond later, later. */
export const around = ({ chance, at }: Draw): string =>
  instant(at + chance.one([-hour, 0, 1, hour, 2 * hour, day, 10 * day, 10 * day]));
export const product = ({ chance }: Draw): string => chance.one(['local_cli', 'cloud_ide', 'workflow_app']);
export const device = ({ chance }: Draw): string => `device-${chance.below(5)}`;
export const user = ({ chance }: Draw): string => `ref_user-${chance.below(4)}`;

/** Draws an id of an earlier command, or an unknown one. */
export const known = ({ chance }: Draw, ids: readonly string[]): string => {
  if (ids.length === 0 || chance.percent(5)) return 'unknown';
  return (chance.percent(60) ? ids.at(-1 - chance.below(3)) : ids[chance.below(ids.length)]) ?? 'unknown';
};

/** Draws a schedule: most changes take effect at once, some are announced. */
export const schedule = (draw: Draw): { readonly scheduled?: Schedule } => {
  if (draw.chance.percent(60)) return {};
  // `findViolation` gives the event of the command this id.
  draw.announced.push(`evt_${draw.index}`);
  return { scheduled: { effectiveAt: around(draw) } };
};

/** Draws limits. One in ten is unlimited, and few are invalid. */
export const limits = ({ chance }: Draw): Limits => {
  const below = (max: number): Limit => (chance.percent(10) ? unlimited : chance.below(max));
  return {
    activations: chance.percent(2) ? -1 : below(5),
    seats: below(5),
    users: below(3),
    meters: chance.percent(50) ? {} : { builds: below(6) },
  };
};

export const entitlement = (draw: Draw): Entitlement => {
  const source = draw.chance.one(['tier', 'product', 'grant', 'trial'] as const);
  const isWithheld = source === 'grant' && draw.chance.percent(30);
  return {
    code: draw.chance.one(['export', 'sso']),
    value: null,
    limit: isWithheld ? null : draw.chance.one([null, 100]),
    until: draw.chance.percent(70) ? null : around(draw),
    source,
    ...(isWithheld && { withheld: true }),
  };
};

// A version of a policy never changes, so each drawn policy has an id of its own.
export const policy = ({ chance, index }: Draw): PinnedPolicy => ({
  ...builtInPolicy(chance.one(['PRO', 'PRO', 'TRIAL', 'TRIAL', 'ENTERPRISE', 'FREE']), `pol_${index}`),
  expiryStrategy: chance.one(['RESTRICT', 'MAINTAIN', 'ALLOW']),
  expiryGraceSeconds: chance.one([0, 3600]),
  overage: chance.one([{ kind: 'NONE' }, { kind: 'NONE' }, { kind: 'RATIO', percent: 125 }, { kind: 'ALWAYS' }]),
  limitStrategy: chance.one(['ALLOW_OVER', 'REJECT', 'EVICT_OLDEST']),
  deactivation: {
    allowed: chance.percent(90),
    cooldownSeconds: chance.one([0, 3600, 7200]),
    maxPerTerm: chance.one([null, null, null, 1, 3]),
  },
  lease: {
    scope: chance.one(['MACHINE', 'INSTANCE', 'USER']),
    ttlSeconds: 3600,
    resurrectSeconds: chance.one([0, 7200, 7200]),
    borrowMaxSeconds: chance.one([0, 7200, 7200]),
  },
  remindBefore: ['P1D', 'PT1H'],
  trialEnd: chance.one(['EXPIRE', 'DOWNGRADE']),
  ...(chance.percent(50) && { trialDays: 'KEEP' as const }),
  reinstateOnPayment: chance.percent(70),
  transferable: chance.percent(80),
  reclaimBorrowed: chance.percent(50),
  deactivateOnUnassign: chance.percent(50),
  ...(chance.percent(10) && { devicesPerUser: chance.one([1, 1, 2]) }),
  ...(chance.percent(15) && { fingerprintUniqueness: 'ISSUER' as const }),
  ...(chance.percent(50) && { deactivateUnseenAfter: chance.one(['P1D', 'P1D', 'P10D']) }),
  deactivateByKey: chance.one(['ANY', 'ANY', 'OWN']),
  ...(chance.percent(30) && { componentCheck: chance.one(['ANY', 'TWO', 'MOST', 'ALL']) }),
  ...(chance.percent(30) && { renewUntilSeconds: 7200 }),
  ...(chance.percent(30) && { usagePerMinute: chance.one([1, 2]) }),
  ...(chance.percent(30) && { renewalDuration: 'P10D' }),
  ...(chance.percent(30) && { renewalBasis: 'FROM_NOW' as const }),
  ...(chance.percent(40) && { maintenance: chance.one(['TERM', 'TERM', 'P1D', 'P10D']) }),
});

export const term = (draw: Draw): TermRequest => {
  const { chance } = draw;
  const startsAt = chance.percent(85) ? null : around(draw);
  switch (chance.below(8)) {
    case 0:
      return { kind: 'perpetual', startsAt };
    case 1:
      return { kind: 'fixed', startsAt, expiresAt: around(draw) };
    case 2:
      return { kind: chance.one(['firstActivation', 'firstValidation']), duration: duration(draw) };
    default:
      return { kind: 'duration', startsAt, duration: duration(draw) };
  }
};

export const target = (draw: Draw): Target => ({
  policy: policy(draw),
  products: draw.chance.percent(50) ? null : draw.chance.one([['local_cli'], ['local_cli', 'workflow_app']]),
  limits: draw.chance.percent(50) ? null : limits(draw),
  entitlements: draw.chance.percent(60) ? null : [ofTier(entitlement(draw))],
});

const ofTier = ({ withheld: _withheld, ...granted }: Entitlement): Entitlement => ({ ...granted, source: 'tier' });
