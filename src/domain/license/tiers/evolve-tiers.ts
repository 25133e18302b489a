import type { At } from '../../decider.ts';
import type { EventWith } from '../consequences.ts';
import type { Entitlement } from '../grants/entitlement.ts';
import type { LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
import { withoutAnnounced } from '../scheduled/evolve-scheduled.ts';
import { maintenanceIn } from '../term/maintenance.ts';
import type { ChangedOverrides, TierEvent } from './tier-events.ts';

/** Returns the facts after an event about the tier or the policy. */
export const evolveTierFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, TierEvent>,
  { effectiveAt }: At,
): LicenseFacts => {
  switch (event.type) {
    case 'TierChangeScheduled': {
      const { eventId, from, target } = event.data;
      const change = { kind: 'TIER', from, target } as const;
      const afterTrial = facts.afterTrial ?? event.data.afterTrial ?? null;
      return { ...facts, afterTrial, scheduled: [...facts.scheduled, { eventId, effectiveAt, change }] };
    }
    case 'LicenseTierChanged': {
      const { policy, scheduledBy, cause, overrides } = event.data;
      const scheduled = withoutAnnounced(facts.scheduled, scheduledBy);
      // Nobody could refuse such a change, so it makes nothing invalid that was in use.
      const overuseStays = facts.overuseStays || cause === 'SCHEDULED' || cause === 'TRIAL_ENDED';
      const afterTrial = facts.afterTrial ?? event.data.afterTrial ?? null;
      const entitlements = withoutDropped(facts, event.data);
      return {
        ...facts,
        policy,
        scheduled,
        overuseStays,
        afterTrial,
        overrides: overridesAfter(facts, overrides),
        entitlements,
        ...maintenanceIn(event.data),
      };
    }
    case 'TrialConverted': {
      const { policy, overrides } = event.data;
      const entitlements = withoutDropped(facts, event.data);
      return {
        ...facts,
        policy,
        overrides: overridesAfter(facts, overrides),
        entitlements,
        ...maintenanceIn(event.data),
      };
    }
  }
};

// In version 1 of these events an `EntitlementRevoked` follows for each code, and then changes nothing.
const withoutDropped = ({ entitlements }: LicenseFacts, { dropped }: ChangedOverrides): readonly Entitlement[] => {
  if (dropped?.entitlements === undefined) return entitlements;
  const codes = new Set(dropped.entitlements);
  return entitlements.filter(({ source, code }) => source !== 'grant' || !codes.has(code));
};
