import { type Rejection, reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { type Counts, endsOf } from '../endings/ending-counts.ts';
import { endUseOfEvicted } from '../grants/evicted-users.ts';
import type { IssuedLicense } from '../license.ts';
import { refuseMoreMeters } from '../overrides/meters-max.ts';
import { type Overrides, sameOverrides, withOverrides, withoutVainRemovals } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import { seatsInUse } from '../seats/seats-in-use.ts';
import { overageOf, resetsOf } from './meter-rules.ts';
import { usageAt } from './term-counters.ts';
import { capacity, type Limit, type Limits, type Overage, refuseLimits, sameLimits } from './usage-limits.ts';

/**
 * Sets the limits. The strategy decides about usage above them: it stays, the change is refused, or the oldest ends.
 * The named ones become overrides, which a change of the policy keeps.
 */
export const changeLimits = ({ data, at }: CommandOf<'ChangeLimits'>, license: IssuedLicense): LicenseDecision => {
  const refusal = refuseLimits(data.limits);
  if (refusal !== null) return refusal;
  const { facts } = license;
  const { limits, overrides = {}, strategy = facts.policy.limitStrategy } = data;
  const changed = withOverrides(facts.overrides ?? {}, { limits: withoutVainRemovals(overrides, facts.limits) });
  const excess = refuseMoreMeters(facts, { limits, overrides: changed });
  if (excess !== null) return excess;
  const draft = draftOf(license, at);
  return setLimits(draft, limits, strategy, changed) ?? draft.decided();
};

/**
 * Sets the limits and the overrides of the license. Returns the refusal, or null when the limits are set. A limit that
 * keeps its number can become an override.
 */
export const setLimits = (
  draft: Draft,
  after: Limits,
  strategy: LimitStrategy,
  overrides: Overrides = draft.license.facts.overrides ?? {},
): Rejection<LicenseRejection> | null => {
  const { limits: before, overrides: previous } = draft.license.facts;
  const stated = sameOverrides(previous ?? {}, overrides) ? {} : { overrides };
  if (sameLimits(before, after)) {
    // Use above limits that stay was accepted before, so the strategy does not apply.
    if (stated.overrides !== undefined)
      draft.add({ type: 'LicenseLimitsChanged', data: { before, after, strategy, ...stated } });
    return null;
  }
  const refusal = strategy === 'REJECT' ? refuseOveruse(draft, after, overrides) : null;
  if (refusal !== null) return refusal;
  const { license, at } = draft;
  const counts = strategy === 'EVICT_OLDEST' ? countsAbove(draft, after) : nothing;
  const evicted = new Set([...license.users.keys()].slice(0, counts.users));
  const ends = endsOf(license, 'OLDEST', counts, at);
  draft.add({ type: 'LicenseLimitsChanged', data: { before, after, strategy, ...ends, ...stated } });
  // A user who loses the assignment loses the same as one who is unassigned.
  endUseOfEvicted(draft, evicted);
  return null;
};

const nothing: Counts = { activations: 0, leases: 0, users: 0 };

type Use = {
  readonly code: LicenseRejection;
  /** What is in use, after its number. */
  readonly name: string;
  /** What ends some of it. */
  readonly remedy: string;
  readonly used: number;
  readonly limit: Limit;
  readonly overage: Overage;
};

const refuseOveruse = (
  { license, at }: Draft,
  after: Limits,
  overrides: Overrides,
): Rejection<LicenseRejection> | null => {
  const { activations, users, facts } = license;
  const { overage } = facts.policy;
  // With the rules that the license has after the change.
  const changed = { ...facts, overrides };
  const meters = Object.entries(after.meters).map(([meter, limit]): Use => {
    // A change of what resets the meter begins it at 0.
    const isKept = resetsOf(changed, meter) === resetsOf(facts, meter);
    const used = isKept ? (usageAt(facts, at).meters[meter] ?? 0) : 0;
    const remedy = `Wait for the next ${resetsOf(changed, meter) === 'TERM' ? 'term' : 'period'}`;
    const rules = { overage: overageOf(changed, meter) };
    return { code: 'QUOTA_EXCEEDED', name: `of the meter ${meter}`, remedy, used, limit, ...rules };
  });
  const [devices, seats] = [activations.size, seatsInUse(license, at)];
  const [ofDevices, ofSeats, ofUsers] = ['Release devices first', 'Release seats first', 'Unassign users first'];
  const uses: readonly Use[] = [
    {
      code: 'ACTIVATION_LIMIT_EXCEEDED',
      name: 'devices',
      remedy: ofDevices,
      used: devices,
      limit: after.activations,
      overage,
    },
    { code: 'SEAT_LIMIT_EXCEEDED', name: 'seats', remedy: ofSeats, used: seats, limit: after.seats, overage },
    { code: 'USER_LIMIT_EXCEEDED', name: 'users', remedy: ofUsers, used: users.size, limit: after.users, overage },
    ...meters,
  ];
  const overused = uses.find(({ used, limit, overage: allowed }) => used > capacity(limit, allowed));
  if (overused === undefined) return null;
  const { code, name, remedy, used, limit } = overused;
  return reject(
    code,
    `License ${facts.licenseId} uses ${used} ${name}, more than the new limit of ${limit} allows. ${remedy}, or choose a higher limit or a strategy other than REJECT.`,
  );
};

/** Returns how much of each kind is in use above the limits, at most what is open: a seat can also be withheld. */
const countsAbove = ({ license, at }: Draft, after: Limits): Counts => {
  const { facts, activations, leases, users } = license;
  const above = (used: number, open: number, limit: Limit) =>
    Math.min(open, Math.max(0, used - capacity(limit, facts.policy.overage)));
  return {
    activations: above(activations.size, activations.size, after.activations),
    leases: above(seatsInUse(license, at), leases.size, after.seats),
    users: above(users.size, users.size, after.users),
  };
};
