import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import { endOpen } from '../endings/ended-parts.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
import type { MeterResets } from './meter-rules.ts';
import { noteUses } from './recent-uses.ts';
import { countedAt, isAfterEnd } from './term-counters.ts';
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
  const { activations, seats, users, meters } = facts.usage;
  const usage = { activations, seats, users, meters: { ...meters, [meter]: totalAfter } };
  const usageEvents = facts.usageEvents + 1;
  if (resets !== 'TERM') {
    const meterPeriods = { ...facts.meterPeriods, [meter]: { resets, from, until } };
    return withUsage(facts, usage, facts.endings, { usageEvents, meterPeriods });
  }
  const used = withUsage(facts, usage, facts.endings, { usageEvents });
  return isAfterEnd(facts, countedAt(at)) ? withUseAfterEnd(used, meter, quantity) : used;
};

const withUseAfterEnd = (facts: LicenseFacts, meter: string, quantity: number): LicenseFacts => {
  const { metersAfterEnd } = facts;
  return { ...facts, metersAfterEnd: { ...metersAfterEnd, [meter]: (metersAfterEnd[meter] ?? 0) + quantity } };
};

/** Changes, in place, the recent usage ids, and what lower limits end. */
export const evolveUsageCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, UsageEvent>,
  at: At,
): void => {
  switch (event.type) {
    case 'LicenseLimitsChanged':
      endOpen(license, event, at);
      return;
    case 'UsageRecorded':
      noteUses(license, event.data.meter, [event.data], at.recordedAt);
      return;
    case 'UsageBatchRecorded':
      noteUses(license, event.data.meter, event.data.entries, at.recordedAt);
      return;
    default:
      event satisfies never;
  }
};
