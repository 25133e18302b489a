import type { At } from '../../decider.ts';
import type { EventWith } from '../consequences.ts';
import { endOpen } from '../endings/ended-parts.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import { noteRepeatable } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
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
    case 'UsageRecorded': {
      const { meter, quantity, totalAfter } = event.data;
      const { activations, seats, users, meters } = facts.usage;
      const used = withUsage(facts, { activations, seats, users, meters: { ...meters, [meter]: totalAfter } });
      return isAfterEnd(facts, countedAt(at)) ? withUseAfterEnd(used, meter, quantity) : used;
    }
  }
};

const withUseAfterEnd = (facts: LicenseFacts, meter: string, quantity: number): LicenseFacts => {
  const { metersAfterEnd } = facts;
  return { ...facts, metersAfterEnd: { ...metersAfterEnd, [meter]: (metersAfterEnd[meter] ?? 0) + quantity } };
};

/** Changes, in place, the known usage ids, and what lower limits end. */
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
      noteRepeatable(license.usageIds, event.data.usageId, at.recordedAt);
      return;
    default:
      event satisfies never;
  }
};
