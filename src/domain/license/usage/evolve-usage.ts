import type { At } from '../../decider.ts';
import type { EventWith } from '../consequences.ts';
import { endOpen } from '../endings/ended-parts.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import { noteRepeatable } from '../forget.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import type { UsageEvent } from './usage-events.ts';
import { withUsage } from './with-usage.ts';

/** Returns the facts after an event about limits or metered usage. */
export const evolveUsageFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, UsageEvent>,
  { effectiveAt }: At,
): LicenseFacts => {
  switch (event.type) {
    case 'LicenseLimitsChanged': {
      const { after, strategy } = event.data;
      return withEnds(facts, event, effectiveAt, { limits: after, overuseStays: strategy === 'ALLOW_OVER' });
    }
    case 'UsageRecorded': {
      const { meter, totalAfter } = event.data;
      const { activations, seats, users, meters } = facts.usage;
      return withUsage(facts, { activations, seats, users, meters: { ...meters, [meter]: totalAfter } });
    }
  }
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
