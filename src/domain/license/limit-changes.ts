import { type Rejection, reject } from '../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from './commands.ts';
import { closeActivations, type Draft, draftOf, releaseLeases, unassignUsers } from './draft.ts';
import type { LimitStrategy, Limits } from './events.ts';
import type { IssuedLicense } from './license.ts';
import { capacity, sameLimits, wrongLimit } from './limits.ts';
import { seatsInUse } from './seats.ts';

/** Sets the limits. What is in use beyond them stays, forbids the change, or is ended, oldest first, as the strategy says. */
export const changeLimits = ({ data, at }: CommandOf<'ChangeLimits'>, license: IssuedLicense): LicenseDecision => {
  const wrong = wrongLimit(data.limits);
  if (wrong !== null)
    return reject('LIMIT_INVALID', `The limit of ${wrong[0]} must be a whole number, 0 or more, not ${wrong[1]}.`);
  const draft = draftOf(license, at);
  return setLimits(draft, data.limits, data.strategy ?? license.facts.policy.limitStrategy) ?? draft.events;
};

/** Sets the limits as part of a larger change; why that is refused, else null. */
export const setLimits = (draft: Draft, after: Limits, strategy: LimitStrategy): Rejection<LicenseRejection> | null => {
  const before = draft.license.facts.limits;
  if (sameLimits(before, after)) return null;
  const refusal = strategy === 'REJECT' ? refuseOveruse(draft, after) : null;
  if (refusal !== null) return refusal;
  // The oldest go before the limit does, so that at no point more is in use than the limit explains.
  if (strategy === 'EVICT_OLDEST') evict(draft, after);
  draft.add({ type: 'LicenseLimitsChanged', data: { before, after, strategy } });
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

const evict = (draft: Draft, after: Limits): void => {
  const { license, at } = draft;
  const roomFor = (limit: number) => capacity(limit, license.facts.policy.overage);
  closeActivations(draft, 'LIMIT_LOWERED', firstOf(license.activations.size - roomFor(after.activations)));
  releaseLeases(draft, 'LIMIT_LOWERED', firstOf(seatsInUse(license, at) - roomFor(after.seats)));
  unassignUsers(draft, 'LIMIT_LOWERED', roomFor(after.users));
};

const firstOf = (count: number): (() => boolean) => {
  let left = count;
  return () => left-- > 0;
};
