import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { isKnownUsage } from '../forget.ts';
import type { IssuedLicense } from '../license.ts';
import { withFirstTerm } from '../term/decide-first-term.ts';
import { changeLimits } from './decide-limits.ts';
import { usageAt } from './term-counters.ts';
import type { UsageCommand } from './usage-commands.ts';
import { refuseUse } from './usage-guard.ts';
import { capacity } from './usage-limits.ts';

/** Decides a command about limits or metered usage. */
export const decideUsage = (command: UsageCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'ChangeLimits':
      return changeLimits(command, license);
    case 'RecordUsage':
      return withFirstTerm(license, 'USAGE', command.at, (started) => recordUsage(command, started));
  }
};

/**
 * Adds to a meter, once per `usageId` in 35 days, while the quota of the running term and its overage allow all of the
 * quantity. The client's `occurredAt` decides nothing. The first usage begins a term that waits for the first validation.
 */
const recordUsage = ({ data, at }: CommandOf<'RecordUsage'>, license: IssuedLicense): LicenseDecision => {
  const { facts } = license;
  const { meter, quantity, usageId, occurredAt } = data;
  const limit = Object.hasOwn(facts.limits.meters, meter) ? facts.limits.meters[meter] : undefined;
  if (limit === undefined) return reject('LIMIT_INVALID', `License ${facts.licenseId} has no meter ${meter}.`);
  if (!Number.isSafeInteger(quantity) || quantity <= 0)
    return reject('LIMIT_INVALID', `A quantity must be a whole number, 1 or more, not ${quantity}.`);
  if (isKnownUsage(license, usageId, at)) return [];
  const refusal = refuseUse(facts, null, at);
  if (refusal !== null) return refusal;
  const totalAfter = (usageAt(facts, at).meters[meter] ?? 0) + quantity;
  if (!Number.isSafeInteger(totalAfter) || totalAfter > capacity(limit, facts.policy.overage))
    return reject('QUOTA_EXCEEDED', `Meter ${meter} would be at ${totalAfter} of ${limit}.`);
  const overage = totalAfter > limit;
  return [{ type: 'UsageRecorded', data: { meter, quantity, usageId, occurredAt, totalAfter, limit, overage } }];
};
