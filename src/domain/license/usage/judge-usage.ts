import { type Rejection, reject } from '../../decider.ts';
import { listedNames } from '../../listed-names.ts';
import { type Instant, plusSeconds, toMs } from '../../time.ts';
import type { CommandOf, LicenseRejection } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { correctionLedger, judgeCorrection, notProjected } from './judge-correction.ts';
import { overageOf } from './meter-rules.ts';
import { runningSums } from './meter-sums.ts';
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
import type { CorrectionEntry, UsageEntry } from './usage-events.ts';
import { refuseUse } from './usage-guard.ts';
import { capacity, type Limit } from './usage-limits.ts';
import type { RecentUse } from './usage-notes.ts';

/**
 * What becomes of one sent use. `COUNTED`: the meter counts it now. `REPEATED`: the same command counted it before.
 * `KNOWN`: another command counted the same id with the same quantity.
 */
export type UsageOutcome = 'COUNTED' | 'REPEATED' | 'KNOWN' | Rejection<LicenseRejection>;

/** Accepted entries that one event records: usage, or corrections. `totalAfter`: the total after the last of them. */
export type UsageRun = (
  | { readonly kind: 'USAGE'; readonly entries: UsageEntry[] }
  | { readonly kind: 'CORRECTIONS'; readonly entries: CorrectionEntry[] }
) & { totalAfter: number };

/**
 * The outcome of each entry in order, and the events to record. `limit` is 0 when there are none, or when the license
 * no longer has the meter.
 */
export type JudgedUsage = {
  readonly outcomes: readonly UsageOutcome[];
  readonly runs: readonly UsageRun[];
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
  const limit = (hasMeter(facts, meter) ? facts.limits.meters[meter] : undefined) ?? 0;
  const unknownMeter = hasMeter(facts, meter) ? null : noSuchMeter(facts, meter);
  // Usage that a meter counted before the license lost it can still be corrected.
  if (unknownMeter !== null && !hasCounted(facts, meter))
    return { outcomes: entries.map(() => unknownMeter), runs: [], limit };
  const known = knownUses(license, data, at);
  const refuseAll = refuseUse(facts, null, at);
  const mostTotal = capacity(limit, overageOf(facts, meter));
  const behind = isBehind(license, earlier, at);
  let left = (facts.policy.usagePerMinute ?? usagePerMinuteDefault) - entriesInMinute(license, at);
  const usage = usageAt(facts, at);
  let totalAfter = usage.meters[meter] ?? 0;
  let counter = runningSums({ usage, meterSums: facts.meterSums }, meter)?.counter ?? null;
  const ledger = correctionLedger(license, data, at);
  const runs: UsageRun[] = [];

  const add = (next: UsageRun): number => {
    const last = runs.at(-1);
    left -= 1;
    totalAfter = next.totalAfter;
    if (last?.kind !== next.kind) return facts.usageEvents + runs.push(next);
    (last.entries as unknown[]).push(...next.entries);
    last.totalAfter = totalAfter;
    return facts.usageEvents + runs.length;
  };

  const judge = (entry: SentUsage): UsageOutcome => {
    const { usageId, quantity, occurredAt, commandId, corrects } = entry;
    const invalid = refuseQuantity(entry);
    if (invalid !== null) return invalid;
    const use = known(usageId);
    if (use !== null) return repetitionOf(use, entry);
    if (corrects !== undefined) return correct({ ...entry, corrects });
    const refusal = unknownMeter ?? refuseAll ?? refuseInstant(occurredAt, at);
    if (refusal !== null) return refusal;
    if (behind && mayBeOld(entry, at)) return notProjected;
    const total = totalAfter + quantity;
    if (total > mostTotal) return reject('QUOTA_EXCEEDED', `Meter ${meter} would be at ${total} of ${limit}.`);
    if (!Number.isSafeInteger(total)) return reject('QUOTA_EXCEEDED', notCountable(meter));
    if (left <= 0) return tooMany(license, at);
    const number = add({
      kind: 'USAGE',
      entries: [{ usageId, quantity, occurredAt, commandId }],
      totalAfter: total,
    });
    counter ??= number;
    const counted = { quantity, commandId, recordedAt: at, number };
    known.note(usageId, counted);
    ledger.noteUse(usageId, counted);
    return 'COUNTED';
  };

  // A correction hands out no use, so no state of the license but a revocation refuses it.
  const correct = (entry: SentUsage & { readonly corrects: string }): UsageOutcome => {
    const { usageId, quantity, occurredAt, commandId, corrects } = entry;
    const refusal = refuseInstant(occurredAt, at) ?? (behind && mayBeOld(entry, at) ? notProjected : null);
    if (refusal !== null) return refusal;
    if (left <= 0) return tooMany(license, at);
    const judged = judgeCorrection(entry, ledger, counter);
    if ('rejected' in judged) return judged;
    const number = add({ kind: 'CORRECTIONS', entries: [judged.entry], totalAfter: totalAfter - judged.lowers });
    const correction = { quantity, commandId, recordedAt: at, number, corrects };
    known.note(usageId, correction);
    ledger.noteUse(usageId, correction);
    return 'COUNTED';
  };
  return { outcomes: entries.map(judge), runs, limit };
};

/** Refuses a quantity that is not a whole number: 1 or more, or less than 0 for a correction. */
const refuseQuantity = ({ quantity, corrects }: SentUsage): Rejection<LicenseRejection> | null => {
  const isRight = Number.isSafeInteger(quantity) && (corrects === undefined ? quantity > 0 : quantity < 0);
  if (isRight) return null;
  const expected = corrects === undefined ? '1 or more' : 'less than 0 for a correction';
  return reject('LIMIT_INVALID', `A quantity must be a whole number, ${expected}, not ${quantity}.`, 'quantity');
};

const notCountable = (meter: string): string =>
  `Meter ${meter} would be above ${Number.MAX_SAFE_INTEGER}, the most that a meter counts. Count in larger units.`;

type Metered = Pick<LicenseFacts, 'licenseId' | 'limits'>;

/** Returns true when the license has the meter now. */
export const hasMeter = ({ limits: { meters } }: Pick<Metered, 'limits'>, meter: string): boolean =>
  Object.hasOwn(meters, meter);

/** Returns true when the meter has counted usage of the license, also when the license no longer has it. */
export const hasCounted = ({ meterSums }: Pick<LicenseFacts, 'meterSums'>, meter: string): boolean =>
  Object.hasOwn(meterSums, meter);

/** Returns the refusal of usage of a meter that the license does not have. It names those that it has. */
export const noSuchMeter = ({ licenseId, limits }: Metered, meter: string): Rejection<LicenseRejection> =>
  reject(
    'LIMIT_INVALID',
    `License ${licenseId} has no meter ${meter}. Its meters: ${listedNames(Object.keys(limits.meters).sort(), 'none')}.`,
    'meter',
  );

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

const repetitionOf = (use: RecentUse, { usageId, quantity, commandId, corrects }: SentUsage): UsageOutcome => {
  if (use.quantity === quantity && use.corrects === corrects) return use.commandId === commandId ? 'REPEATED' : 'KNOWN';
  const what = use.corrects === undefined ? '' : ` as a correction of ${use.corrects}`;
  const other = corrects === undefined ? '' : ` as a correction of ${corrects}`;
  return reject(
    'USAGE_ID_REUSED',
    `The usageId ${usageId} was counted with the quantity ${use.quantity}${what}, not ${quantity}${other}. Send a new usageId for other usage.`,
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
