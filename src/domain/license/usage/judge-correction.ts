import { type Rejection, reject } from '../../decider.ts';
import { type Instant, plusSeconds } from '../../time.ts';
import type { LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { runningSums } from './meter-sums.ts';
import { isBehind, recentSeconds, resetsAfter, usageKey, usageKnownSeconds } from './recent-uses.ts';
import { countedPeriod, usageAt } from './term-counters.ts';
import type { EarlierUses, SentUsage } from './usage-commands.ts';
import type { CorrectionEntry } from './usage-events.ts';
import type { CounterOfEvent, RecentUse } from './usage-notes.ts';

// docs/decisions/0047-corrections-of-usage.md has the rules.

/** Usage that can be corrected, with the counter that it counts for. */
type Correctable = {
  readonly use: RecentUse;
  readonly counted: CounterOfEvent;
  /** How much of it corrections have taken back. */
  readonly corrected: number;
  readonly wasReset: boolean;
};

/** What corrections of a meter are judged on. The judge adds what the command itself counts. */
export type CorrectionLedger = {
  /** Returns the usage of an id, or why nothing corrects it. */
  readonly find: (usageId: string) => Correctable | Rejection<LicenseRejection>;
  /** Notes usage that the command counts, or a correction. */
  readonly noteUse: (usageId: string, use: RecentUse) => void;
  /** Notes a correction that the command records. */
  readonly noteCorrection: (usageId: string, quantity: number) => void;
};

/** Returns what corrections of a meter are judged on at `at`. */
export const correctionLedger = (
  license: IssuedLicense,
  { meter, earlier }: { readonly meter: string; readonly earlier?: EarlierUses },
  at: Instant,
): CorrectionLedger => {
  const { facts, usageEventsAt } = license;
  const running = runningSums({ usage: usageAt(facts, at), meterSums: facts.meterSums }, meter);
  const own = new Map<string, RecentUse>();
  const ownCorrections = new Map<string, number>();
  // The first usage of the command begins a counter when none runs.
  let begun: number | null = null;
  let recent: ReadonlyMap<string, readonly Counted[]> | null = null;
  const recentOf = (usageId: string): readonly Counted[] => {
    recent ??= correctionsByUse(license);
    return recent.get(usageKey(meter, usageId)) ?? [];
  };
  let resets: ReturnType<typeof resetsAfter> | null = null;
  // The read models contain the resets up to their last event. A later one may have hit a counter that has ended since.
  const wasResetLater = (use: number): boolean => {
    resets ??= resetsAfter(license, meter, earlier?.events ?? 0);
    return resets.some(({ counter, number }) => use >= counter && use < number);
  };
  const present = (counter: number): CounterOfEvent => ({ counter, ...countedPeriod(facts, meter, at) });

  const stored = (usageId: string): Correctable | Rejection<LicenseRejection> => {
    const known = license.recentUses.get(usageKey(meter, usageId));
    const note = known === undefined ? undefined : usageEventsAt.get(known.number);
    if (known !== undefined && at < plusSeconds(known.recordedAt, recentSeconds)) {
      if (known.corrects !== undefined) return isCorrection(usageId);
      if (note === undefined || note.counted === null) return noSuchUsage(meter, usageId);
      const corrected = sum(recentOf(usageId).filter(({ number }) => number >= known.number));
      return { use: known, counted: note.counted, corrected, wasReset: note.wasReset };
    }
    if (isBehind(license, earlier, at)) return notProjected;
    const row = earlier?.uses.find((use) => use.usageId === usageId);
    if (row === undefined || at >= plusSeconds(row.recordedAt, usageKnownSeconds)) return noSuchUsage(meter, usageId);
    if (row.corrects !== undefined) return isCorrection(usageId);
    if (row.counted === undefined) return noSuchUsage(meter, usageId);
    const { corrected, wasReset, ...counted } = row.counted;
    // The read models contain the corrections up to their last event.
    const later = recentOf(usageId).filter(({ number }) => number > (earlier?.events ?? 0));
    return { use: row, counted, corrected: corrected + sum(later), wasReset: wasReset || wasResetLater(row.number) };
  };

  return {
    find: (usageId) => {
      const inCommand = own.get(usageId);
      const taken = ownCorrections.get(usageId) ?? 0;
      if (inCommand !== undefined) {
        if (inCommand.corrects !== undefined) return isCorrection(usageId);
        const counter = running?.counter ?? begun ?? inCommand.number;
        return { use: inCommand, counted: present(counter), corrected: taken, wasReset: false };
      }
      const known = stored(usageId);
      if ('rejected' in known) return known;
      const { use } = known;
      const corrected = known.corrected + taken;
      if (running === null || use.number < running.counter) return { ...known, corrected };
      return { ...known, corrected, counted: present(running.counter), wasReset: use.number < running.resetBy };
    },
    noteUse: (usageId, use) => {
      if (use.corrects === undefined) begun ??= use.number;
      own.set(usageId, use);
    },
    noteCorrection: (usageId, quantity) => ownCorrections.set(usageId, (ownCorrections.get(usageId) ?? 0) - quantity),
  };
};

/** A correction as the event that is to be recorded has it. `lowers`: how much it takes from the running counter. */
type JudgedCorrection = { readonly entry: CorrectionEntry; readonly lowers: number };

/** Judges one correction. `running`: the number of the counter that runs now; null: none does. */
export const judgeCorrection = (
  { usageId, corrects, quantity, occurredAt, commandId }: SentUsage & { readonly corrects: string },
  ledger: CorrectionLedger,
  running: number | null,
): JudgedCorrection | Rejection<LicenseRejection> => {
  const target = ledger.find(corrects);
  if ('rejected' in target) return target;
  const { use, counted, corrected, wasReset } = target;
  const left = use.quantity - corrected;
  if (-quantity > left) return exceeds(corrects, use.quantity, left);
  ledger.noteCorrection(corrects, quantity);
  const entry = {
    usageId,
    corrects,
    quantity,
    occurredAt,
    commandId,
    countedAt: use.recordedAt,
    countedBy: use.number,
    ...counted,
    ...(wasReset ? { afterReset: true as const } : {}),
  };
  return { entry, lowers: counted.counter === running && !wasReset ? -quantity : 0 };
};

type Counted = { readonly quantity: number; readonly number: number };

const correctionsByUse = ({ recentCorrections }: IssuedLicense): ReadonlyMap<string, readonly Counted[]> => {
  const byUse = new Map<string, Counted[]>();
  for (const { key, ...correction } of recentCorrections.values()) {
    const others = byUse.get(key);
    if (others === undefined) byUse.set(key, [correction]);
    else others.push(correction);
  }
  return byUse;
};

const sum = (corrections: readonly Counted[]): number =>
  corrections.reduce((total, { quantity }) => total + quantity, 0);

const noSuchUsage = (meter: string, usageId: string): Rejection<LicenseRejection> =>
  reject(
    'USAGE_NOT_FOUND',
    `No usage ${usageId} of meter ${meter} was counted in the last 35 days. Name the usageId of usage that was.`,
    'corrects',
  );

const isCorrection = (usageId: string): Rejection<LicenseRejection> =>
  reject(
    'USAGE_NOT_FOUND',
    `${usageId} is a correction, and nothing corrects a correction. Record the usage again with a new usageId.`,
    'corrects',
  );

const exceeds = (usageId: string, quantity: number, left: number): Rejection<LicenseRejection> => {
  const next = left === 0 ? 'Send no further correction of it.' : `Send a quantity from ${-left} to -1.`;
  return reject(
    'CORRECTION_EXCEEDS_USAGE',
    `The usage ${usageId} was ${quantity}, and ${left} of it is left to correct. ${next}`,
    'quantity',
  );
};

/** The refusal while the read models cannot tell what was counted more than an hour ago. */
export const notProjected: Rejection<LicenseRejection> = {
  ...reject<LicenseRejection>(
    'NOT_PROJECTED_YET',
    'The read models are more than 30 minutes behind, so the server cannot tell whether usage of more than an hour ago was counted. Nothing was counted. Send it again later.',
  ),
  retryAfterSeconds: 60,
};
