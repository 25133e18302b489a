import type { LicenseFacts } from '../license.ts';
import type { CorrectionEntry } from './usage-events.ts';
import type { MeterSums } from './usage-notes.ts';

// docs/decisions/0047-corrections-of-usage.md has the rules.

type Summed = Pick<LicenseFacts, 'usage' | 'meterSums' | 'usageEvents' | 'metersAfterEnd'>;

/** Returns the sums of the counter of a meter that runs; null: none does. The facts must be those of their instant. */
export const runningSums = ({ usage, meterSums }: Pick<Summed, 'usage' | 'meterSums'>, meter: string) =>
  Object.hasOwn(usage.meters, meter) ? sumsOf(meterSums, meter) : null;

/** Returns the sums of a meter after the next event about usage recorded a quantity of it. */
export const sumsAfterUse = (facts: Summed, meter: string, quantity: number, { day, isLate }: OfEvent): MeterSums => {
  const number = facts.usageEvents + 1;
  const known = sumsOf(facts.meterSums, meter);
  const running = runningSums(facts, meter);
  const isLateAlready = running !== null && Object.hasOwn(facts.metersAfterEnd, meter);
  return {
    counter: running?.counter ?? number,
    resetBy: known?.resetBy ?? 0,
    lateFrom: isLate && !isLateAlready ? number : isLateAlready ? running.lateFrom : 0,
    recorded: (running?.recorded ?? 0) + quantity,
    carried: running?.carried ?? 0,
    reset: running?.reset ?? 0,
    ...daySums(known, day, { recorded: quantity, reset: 0 }),
  };
};

/** Returns the sums of a meter after the next event about usage reset its running counter. */
export const sumsAfterReset = (facts: Summed, meter: string, from: number, day: string): MeterSums => {
  const number = facts.usageEvents + 1;
  const known = sumsOf(facts.meterSums, meter);
  return {
    counter: known?.counter ?? number,
    resetBy: number,
    lateFrom: 0,
    recorded: known?.recorded ?? 0,
    carried: known?.carried ?? 0,
    reset: (known?.reset ?? 0) + from,
    ...daySums(known, day, { recorded: 0, reset: from }),
  };
};

/**
 * Returns the sums after a renewal from the end of the last term, whose counters begin with what was used since. `late`:
 * that use by meter. A counter that began after the end simply goes on.
 */
export const sumsAfterRenewal = (
  meterSums: LicenseFacts['meterSums'],
  late: LicenseFacts['metersAfterEnd'],
): LicenseFacts['meterSums'] => {
  const after = { ...meterSums };
  for (const [meter, carried] of Object.entries(late)) {
    const known = sumsOf(meterSums, meter);
    if (known === null) continue;
    const isNew = known.counter !== known.lateFrom;
    after[meter] = {
      ...known,
      ...(isNew ? { counter: known.lateFrom, recorded: 0, carried, reset: 0 } : {}),
      lateFrom: 0,
    };
  }
  return after;
};

/** Returns how much entries take from the running counter of a meter, and how much of that was used after the end. */
export const takenBack = (facts: Summed, meter: string, entries: readonly CorrectionEntry[]) => {
  const running = runningSums(facts, meter);
  let [total, late] = [0, 0];
  for (const { quantity, counter, countedBy, afterReset } of entries) {
    if (running === null || counter !== running.counter || afterReset === true) continue;
    total -= quantity;
    if (Object.hasOwn(facts.metersAfterEnd, meter) && countedBy >= running.lateFrom) late -= quantity;
  }
  return { total, late };
};

/** What the sums need to know of an event. `isLate`: it counts for the term, and is after the end of the last one. */
type OfEvent = { readonly day: string; readonly isLate: boolean };

const daySums = (
  known: MeterSums | null,
  day: string,
  added: { readonly recorded: number; readonly reset: number },
) => {
  const isSame = known?.day === day;
  return {
    day,
    dayRecorded: (isSame ? known.dayRecorded : 0) + added.recorded,
    dayReset: (isSame ? known.dayReset : 0) + added.reset,
  };
};

// Every object has a member `constructor`, so a lookup by that name would not return sums.
const sumsOf = (meterSums: LicenseFacts['meterSums'], meter: string): MeterSums | null =>
  Object.hasOwn(meterSums, meter) ? (meterSums[meter] ?? null) : null;
