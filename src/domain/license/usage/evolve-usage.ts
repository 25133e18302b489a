import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import { endOpen } from '../endings/ended-parts.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import type { EventOf } from '../events.ts';
import { dayOf } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
import type { MeterResets } from './meter-rules.ts';
import { runningSums, sumsAfterReset, sumsAfterUse, takenBack } from './meter-sums.ts';
import { noteCorrections, noteReset, noteUses } from './recent-uses.ts';
import { countedAt, countedPeriod, inTermAt, isAfterEnd } from './term-counters.ts';
import type { UsageEvent } from './usage-events.ts';
import { sameLimits } from './usage-limits.ts';
import { withUsage } from './with-usage.ts';

/** Returns the facts after an event about limits or metered usage. */
export const evolveUsageFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, UsageEvent>,
  at: At,
): LicenseFacts => {
  switch (event.type) {
    case 'LicenseLimitsChanged': {
      const { before, after, strategy, overrides } = event.data;
      return withEnds(facts, event, at.effectiveAt, {
        limits: after,
        // Limits that stay as they are let nothing in, and make nothing invalid.
        overuseStays: facts.overuseStays && (strategy === 'ALLOW_OVER' || sameLimits(before, after)),
        overrides: overridesAfter(facts, overrides),
      });
    }
    case 'UsageRecorded':
      return counted(facts, event.data, event.data.quantity, at);
    case 'UsageBatchRecorded': {
      const quantity = event.data.entries.reduce((sum, entry) => sum + entry.quantity, 0);
      return counted(facts, event.data, quantity, at);
    }
    case 'UsageCorrected':
      return corrected(facts, event.data);
    case 'UsageReset':
      return withReset(facts, event.data, at);
  }
};

type Counting = {
  readonly meter: string;
  readonly totalAfter: number;
  readonly resets?: MeterResets;
  readonly periodStart?: Instant;
  readonly periodEnd?: Instant | null;
};

const counted = (facts: LicenseFacts, counting: Counting, quantity: number, at: At): LicenseFacts => {
  const { meter, totalAfter, resets = 'TERM', periodStart: from = '', periodEnd: until = null } = counting;
  const usage = withMeter(facts, meter, totalAfter);
  const usageEvents = facts.usageEvents + 1;
  const isLate = resets === 'TERM' && isAfterEnd(facts, countedAt(at));
  const sums = sumsAfterUse(facts, meter, quantity, { day: dayOf(at.recordedAt), isLate });
  const meterSums = { ...facts.meterSums, [meter]: sums };
  if (resets !== 'TERM') {
    const meterPeriods = { ...facts.meterPeriods, [meter]: { resets, from, until } };
    return withUsage(facts, usage, facts.endings, { usageEvents, meterPeriods, meterSums });
  }
  const used = withUsage(facts, usage, facts.endings, { usageEvents, meterSums });
  return isLate ? withUseAfterEnd(used, meter, quantity) : used;
};

const withUseAfterEnd = (facts: LicenseFacts, meter: string, quantity: number): LicenseFacts => {
  const { metersAfterEnd } = facts;
  return { ...facts, metersAfterEnd: { ...metersAfterEnd, [meter]: (metersAfterEnd[meter] ?? 0) + quantity } };
};

const withMeter = ({ usage: { activations, seats, users, meters } }: LicenseFacts, meter: string, total: number) => ({
  activations,
  seats,
  users,
  meters: { ...meters, [meter]: total },
});

/** Returns the facts after corrections. Those of a past counter change only the number of events. */
const corrected = (facts: LicenseFacts, { meter, entries }: EventOf<'UsageCorrected'>['data']): LicenseFacts => {
  const usageEvents = facts.usageEvents + 1;
  const { total, late } = takenBack(facts, meter, entries);
  const usage = total === 0 ? facts.usage : withMeter(facts, meter, (facts.usage.meters[meter] ?? 0) - total);
  const used = withUsage(facts, usage, facts.endings, { usageEvents });
  return late === 0 ? used : withUseAfterEnd(used, meter, -late);
};

/** Returns the facts after a reset. What was used after the end of the last term is gone, too. */
const withReset = (facts: LicenseFacts, { meter, from }: EventOf<'UsageReset'>['data'], { recordedAt }: At) => {
  const meterSums = { ...facts.meterSums, [meter]: sumsAfterReset(facts, meter, from, dayOf(recordedAt)) };
  const usageEvents = facts.usageEvents + 1;
  const used = withUsage(facts, withMeter(facts, meter, 0), facts.endings, { usageEvents, meterSums });
  if (!Object.hasOwn(facts.metersAfterEnd, meter)) return used;
  const others = Object.entries(facts.metersAfterEnd).filter(([name]) => name !== meter);
  return { ...used, metersAfterEnd: Object.fromEntries(others) };
};

/** Changes, in place, the recent usage ids, and what lower limits end. */
export const evolveUsageCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, UsageEvent>,
  at: At,
): void => {
  const { recordedAt } = at;
  switch (event.type) {
    case 'LicenseLimitsChanged':
      endOpen(license, event, at);
      return;
    case 'UsageRecorded':
      noteUses(license, {
        meter: event.data.meter,
        entries: [event.data],
        recordedAt,
        counted: counterOf(license, event, at),
      });
      return;
    case 'UsageBatchRecorded':
      noteUses(license, { ...event.data, recordedAt, counted: counterOf(license, event, at) });
      return;
    case 'UsageCorrected':
      noteUses(license, { ...event.data, recordedAt, counted: null });
      noteCorrections(license, event.data, recordedAt);
      return;
    case 'UsageReset':
      noteReset(license, event.data.meter, recordedAt);
      return;
    default:
      event satisfies never;
  }
};

/** Returns the counter that usage counts for. The facts are still those before the event. */
const counterOf = ({ facts }: IssuedLicense, { data }: EventOf<'UsageRecorded' | 'UsageBatchRecorded'>, at: At) => {
  const present = inTermAt(facts, countedAt(at));
  const counter = runningSums(present, data.meter)?.counter ?? facts.usageEvents + 1;
  // Earlier releases did not record the period. Their meters all counted for the term.
  if (!('entries' in data)) return { counter, ...countedPeriod(present, data.meter, at.recordedAt) };
  const { resets, periodStart, periodEnd } = data;
  return { counter, periodStart, periodEnd, ...(resets === undefined ? {} : { resets }) };
};
