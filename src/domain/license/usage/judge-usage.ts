import { type Rejection, reject } from '../../decider.ts';
import { type Instant, plusSeconds, toMs } from '../../time.ts';
import type { CommandOf, LicenseRejection } from '../commands.ts';
import type { IssuedLicense, RecentUse } from '../license.ts';
import { overageOf } from './meter-rules.ts';
import {
  aheadSeconds,
  isBehind,
  knownUse,
  mayBeOld,
  minuteOf,
  nextMinute,
  usageKey,
  usageKnownSeconds,
} from './recent-uses.ts';
import { usageAt } from './term-counters.ts';
import type { SentUsage } from './usage-commands.ts';
import type { UsageEntry } from './usage-events.ts';
import { refuseUse } from './usage-guard.ts';
import { capacity, type Limit } from './usage-limits.ts';

/**
 * What becomes of one sent use. `COUNTED`: the meter counts it now. `REPEATED`: the same command counted it before.
 * `KNOWN`: another command counted the same id with the same quantity.
 */
export type UsageOutcome = 'COUNTED' | 'REPEATED' | 'KNOWN' | Rejection<LicenseRejection>;

/** The outcome of each entry in order, and what an event has to record. `limit` is 0 when nothing is counted. */
export type JudgedUsage = {
  readonly outcomes: readonly UsageOutcome[];
  readonly counted: readonly UsageEntry[];
  readonly totalAfter: number;
  readonly limit: Limit;
};

/** How many entries of usage a license records in a minute when its policy does not say. */
export const usagePerMinuteDefault = 600;

/**
 * Judges each entry of a command after the entries before it: one counts whole or not at all, and a refused one changes
 * nothing for the others.
 */
export const judgeUsage = (
  { data, at }: Pick<CommandOf<'RecordUsage'>, 'data' | 'at'>,
  license: IssuedLicense,
): JudgedUsage => {
  const { facts } = license;
  const { meter, entries, earlier } = data;
  const limit = Object.hasOwn(facts.limits.meters, meter) ? facts.limits.meters[meter] : undefined;
  if (limit === undefined) {
    const refusal = noSuchMeter(facts.licenseId, meter);
    return { outcomes: entries.map(() => refusal), counted: [], totalAfter: 0, limit: 0 };
  }
  const known = knownUses(license, data, at);
  const refuseAll = refuseUse(facts, null, at);
  const mostTotal = capacity(limit, overageOf(facts, meter));
  const behind = isBehind(license, earlier, at);
  let left = (facts.policy.usagePerMinute ?? usagePerMinuteDefault) - entriesInMinute(license, at);
  let totalAfter = usageAt(facts, at).meters[meter] ?? 0;
  const counted: UsageEntry[] = [];

  const judge = (entry: SentUsage): UsageOutcome => {
    const { usageId, quantity, occurredAt, commandId } = entry;
    if (!Number.isSafeInteger(quantity) || quantity <= 0)
      return reject('LIMIT_INVALID', `A quantity must be a whole number, 1 or more, not ${quantity}.`);
    const use = known(usageId);
    if (use !== null) return repetitionOf(use, entry);
    const refusal = refuseAll ?? refuseInstant(occurredAt, at);
    if (refusal !== null) return refusal;
    if (behind && mayBeOld(entry, at)) return notProjected;
    const total = totalAfter + quantity;
    if (total > mostTotal) return reject('QUOTA_EXCEEDED', `Meter ${meter} would be at ${total} of ${limit}.`);
    if (!Number.isSafeInteger(total)) return reject('QUOTA_EXCEEDED', notCountable(meter));
    if (left <= 0) return tooMany(license, at);
    left -= 1;
    totalAfter = total;
    counted.push({ usageId, quantity, occurredAt, commandId });
    known.note(usageId, { quantity, commandId, recordedAt: at });
    return 'COUNTED';
  };
  return { outcomes: entries.map(judge), counted, totalAfter, limit };
};

const notCountable = (meter: string): string =>
  `Meter ${meter} would be above ${Number.MAX_SAFE_INTEGER}, the most that a meter counts. Count in larger units.`;

/** Returns the refusal of usage of a meter that the license does not have. */
export const noSuchMeter = (licenseId: string, meter: string): Rejection<LicenseRejection> =>
  reject('LIMIT_INVALID', `License ${licenseId} has no meter ${meter}.`);

/** Returns a function that finds the use of an id, among those before the command and those that it counts itself. */
const knownUses = (
  license: IssuedLicense,
  { meter, earlier }: CommandOf<'RecordUsage'>['data'],
  at: Instant,
): ((usageId: string) => RecentUse | null) & { readonly note: (usageId: string, use: RecentUse) => void } => {
  const projected = new Map(earlier?.uses.map((use) => [use.usageId, use]));
  const own = new Map<string, RecentUse>();
  const find = (usageId: string) =>
    own.get(usageId) ?? knownUse(license, usageKey(meter, usageId), projected.get(usageId), at);
  return Object.assign(find, { note: (usageId: string, use: RecentUse) => void own.set(usageId, use) });
};

const repetitionOf = (use: RecentUse, { usageId, quantity, commandId }: SentUsage): UsageOutcome => {
  if (use.quantity === quantity) return use.commandId === commandId ? 'REPEATED' : 'KNOWN';
  return reject(
    'USAGE_ID_REUSED',
    `The usageId ${usageId} was counted with the quantity ${use.quantity}, not ${quantity}. Send a new usageId for other usage.`,
    'usageId',
  );
};

const refuseInstant = (occurredAt: Instant, at: Instant): Rejection<LicenseRejection> | null => {
  const [earliest, latest] = [plusSeconds(at, -usageKnownSeconds), plusSeconds(at, aheadSeconds)];
  if (occurredAt >= earliest && occurredAt <= latest) return null;
  return reject(
    'USAGE_TIMESTAMP_OUT_OF_RANGE',
    `occurredAt is ${occurredAt}. It must be from ${earliest} to ${latest}: 35 days back, and 5 minutes ahead of the server.`,
    'occurredAt',
  );
};

const entriesInMinute = ({ usageInMinute }: IssuedLicense, at: Instant): number =>
  usageInMinute.minute === minuteOf(at) ? usageInMinute.entries : 0;

const tooMany = ({ facts: { licenseId, policy } }: IssuedLicense, at: Instant): Rejection<LicenseRejection> => {
  const most = policy.usagePerMinute ?? usagePerMinuteDefault;
  const retryAt = nextMinute(at);
  return {
    ...reject<LicenseRejection>(
      'RATE_LIMITED',
      `License ${licenseId} has recorded ${most} entries of usage in this minute, which is the most of its policy. Send them again at ${retryAt}, or add up quantities before you send them.`,
    ),
    retryAt,
    retryAfterSeconds: Math.ceil((toMs(retryAt) - toMs(at)) / 1_000),
  };
};

const notProjected: Rejection<LicenseRejection> = {
  ...reject<LicenseRejection>(
    'NOT_PROJECTED_YET',
    'The read models are more than 30 minutes behind, so the server cannot tell whether usage of more than an hour ago was counted. Nothing was counted. Send it again later.',
  ),
  retryAfterSeconds: 60,
};
