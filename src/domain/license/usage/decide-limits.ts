import { type Rejection, reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import { type Draft, draftOf } from '../draft.ts';
import { type Counts, endsOf } from '../endings/ending-counts.ts';
import type { IssuedLicense } from '../license.ts';
import type { LimitStrategy } from '../policy.ts';
import { seatsInUse } from '../seats/seats-in-use.ts';
import { capacity, type Limits, refuseLimits, sameLimits } from './usage-limits.ts';

/** Sets the limits. What is in use beyond them stays, forbids the change, or is ended, oldest first, as the strategy says. */
export const changeLimits = ({ data, at }: CommandOf<'ChangeLimits'>, license: IssuedLicense): LicenseDecision => {
  const refusal = refuseLimits(data.limits);
  if (refusal !== null) return refusal;
  const draft = draftOf(license, at);
  return setLimits(draft, data.limits, data.strategy ?? license.facts.policy.limitStrategy) ?? draft.decided();
};

/** Sets the limits as part of a larger change; why that is refused, else null. */
export const setLimits = (draft: Draft, after: Limits, strategy: LimitStrategy): Rejection<LicenseRejection> | null => {
  const before = draft.license.facts.limits;
  if (sameLimits(before, after)) return null;
  const refusal = strategy === 'REJECT' ? refuseOveruse(draft, after) : null;
  if (refusal !== null) return refusal;
  const { license, at } = draft;
  const ends = strategy === 'EVICT_OLDEST' ? endsOf(license, 'OLDEST', beyond(draft, after), at) : {};
  draft.add({ type: 'LicenseLimitsChanged', data: { before, after, strategy, ...ends } });
  return null;
};

const refuseOveruse = ({ license, at }: Draft, after: Limits): Rejection<LicenseRejection> | null => {
  const { activations, users, facts } = license;
  const uses: readonly (readonly [LicenseRejection, string, number, number])[] = [
    ['ACTIVATION_LIMIT_EXCEEDED', 'devices', activations.size, after.activations],
    ['SEAT_LIMIT_EXCEEDED', 'seats', seatsInUse(license, at), after.seats],
    ['USER_LIMIT_EXCEEDED', 'users', users.size, after.users],
    ...Object.entries(after.meters).map(
      ([meter, limit]) => ['QUOTA_EXCEEDED', `the meter ${meter}`, facts.usage.meters[meter] ?? 0, limit] as const,
    ),
  ];
  const over = uses.find(([, , used, limit]) => used > capacity(limit, facts.policy.overage));
  return over === undefined
    ? null
    : reject(over[0], `License ${facts.licenseId} uses ${over[2]} of ${over[1]}, more than ${over[3]}.`);
};

/** How much of each kind is in use beyond the limits; no more than is open, for a seat can be withheld as well. */
const beyond = ({ license, at }: Draft, after: Limits): Counts => {
  const { facts, activations, leases, users } = license;
  const over = (used: number, open: number, limit: number) =>
    Math.min(open, Math.max(0, used - capacity(limit, facts.policy.overage)));
  return {
    activations: over(activations.size, activations.size, after.activations),
    leases: over(seatsInUse(license, at), leases.size, after.seats),
    users: over(users.size, users.size, after.users),
  };
};
