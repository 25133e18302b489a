import { isRejection, type Rejection } from '../../decider.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { settle, settledBytesMax } from '../settle.ts';
import { withFirstTerm } from '../term/decide-first-term.ts';
import { changeLimits } from './decide-limits.ts';
import { hasMeter, judgeUsage, noSuchMeter, type UsageOutcome } from './judge-usage.ts';
import { withRetryInstant } from './retry-at.ts';
import { countedPeriod, meterResetsAt, usageAt } from './term-counters.ts';
import type { UsageCommand } from './usage-commands.ts';
import { isAbove } from './usage-limits.ts';

/** Decides a command about limits or metered usage. */
export const decideUsage = (command: UsageCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'ChangeLimits':
      return changeLimits(command, license);
    case 'RecordUsage':
      return withFirstTerm(license, 'USAGE', command.at, (started) => recordUsage(command, started));
    case 'ResetUsage':
      return resetUsage(command, license);
  }
};

/**
 * Adds to a meter, once per `usageId` in 35 days, while the quota of the running term and its overage allow all of the
 * quantity. The first usage begins a term that waits for the first validation. Accepted entries are one event, until a
 * correction follows usage or usage follows a correction. When there is none, the command changes nothing if an entry was
 * counted before, and else gets the first refusal.
 */
const recordUsage = (command: CommandOf<'RecordUsage'>, license: IssuedLicense): LicenseDecision => {
  const { meter } = command.data;
  const { outcomes, runs, limit } = judgeUsage(command, license);
  if (runs.length === 0) return outcomes.every(isRefused) ? (outcomes[0] ?? []) : [];
  return runs.map(({ kind, entries, totalAfter }) => {
    const total = { totalAfter, limit, overage: isAbove(totalAfter, limit) };
    if (kind === 'CORRECTIONS') return { type: 'UsageCorrected', data: { meter, entries, ...total } };
    const period = countedPeriod(license.facts, meter, command.at);
    return { type: 'UsageBatchRecorded', data: { meter, ...period, entries, ...total } };
  });
};

/** Puts the counter of a meter back to 0. Changes nothing when it is at 0. */
const resetUsage = ({ data: { meter }, at }: CommandOf<'ResetUsage'>, { facts }: IssuedLicense): LicenseDecision => {
  if (!hasMeter(facts, meter)) return noSuchMeter(facts, meter);
  const from = usageAt(facts, at).meters[meter] ?? 0;
  return from === 0 ? [] : [{ type: 'UsageReset', data: { meter, ...countedPeriod(facts, meter, at), from } }];
};

/**
 * Returns the outcome of each entry of a command that `decide` decides on this license. A refusal that ends by time alone
 * says when.
 */
export const usageOutcomes = (command: CommandOf<'RecordUsage'>, license: IssuedLicense): readonly UsageOutcome[] => {
  const outcomes = outcomesOn(command, settle(license, command.at, settledBytesMax).license);
  if (!outcomes.some(isOverQuota)) return outcomes;
  const at = meterResetsAt(license.facts, command.data.meter, command.at);
  if (at === null) return outcomes;
  const later = settle(license, at, settledBytesMax).license;
  // Entries that are over the quota are not known, so what becomes of one later depends on its quantity alone.
  const fits = new Map<number, boolean>();
  return outcomes.map((outcome, index) => {
    const entry = command.data.entries[index];
    if (!isOverQuota(outcome) || entry === undefined) return outcome;
    const alone = { ...command, at, data: { ...command.data, entries: [{ ...entry, occurredAt: at }] } };
    const isAccepted = fits.get(entry.quantity) ?? !outcomesOn(alone, later).every(isRefused);
    fits.set(entry.quantity, isAccepted);
    return isAccepted ? withRetryInstant(outcome, command.at, at) : outcome;
  });
};

const outcomesOn = (command: CommandOf<'RecordUsage'>, settled: IssuedLicense): readonly UsageOutcome[] => {
  let outcomes: readonly UsageOutcome[] = [];
  const decision = withFirstTerm(settled, 'USAGE', command.at, (started) => {
    outcomes = judgeUsage(command, started).outcomes;
    return [];
  });
  return isRejection(decision) ? command.data.entries.map(() => decision) : outcomes;
};

const isRefused = (outcome: UsageOutcome): outcome is Rejection<LicenseRejection> => typeof outcome !== 'string';

const isOverQuota = (outcome: UsageOutcome): outcome is Rejection<LicenseRejection> =>
  isRefused(outcome) && outcome.rejected === 'QUOTA_EXCEEDED';
