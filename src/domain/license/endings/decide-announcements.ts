import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';

/** Announces the next parts that decisive events ended, the oldest first. Changes nothing when all are announced. */
export const announceEnded = ({ at }: CommandOf<'AnnounceEnded'>, license: IssuedLicense): LicenseDecision =>
  first(pending(license, at), announcementsMax);

/**
 * Returns the first `max` announcements of ended parts, for a decision at `at`. Returns fewer when other decisions at
 * that instant had some, because decisions at one instant may share an append.
 */
export const announcements = (license: IssuedLicense, at: Instant, max: number): readonly LicenseEvent[] => {
  const { announced } = license;
  return first(pending(license, at), announced.at === at ? max - announced.count : max);
};

// About 65 kB of events: a larger append holds up the appends and the projection of others.
const announcementsMax = 50;

/** Yields every announcement, in order. Announcements do not change counts: each repeats the current usage. */
function* pending({ facts, ended, withheld }: IssuedLicense, at: Instant): Generator<LicenseEvent, void> {
  const { activations, seats, users } = facts.usage;
  for (const [index, { cause, effectiveAt }] of facts.endings.entries()) {
    const parts = ended[index];
    if (parts === undefined) return;
    // In the decision of its decisive event an announcement takes effect with that event, whenever it is recorded.
    const since = effectiveAt === at ? {} : { effectiveAt };
    for (const activationId of parts.activations.keys())
      yield { type: 'ActivationDeactivated', data: { activationId, cause, countAfter: activations }, ...since };
    for (const leaseId of parts.leases.keys()) {
      const seatFreeAt = withheld.get(leaseId)?.freeAt ?? null;
      yield { type: 'LeaseReleased', data: { leaseId, cause, inUseAfter: seats, seatFreeAt }, ...since };
    }
    if (cause === 'PRODUCT_REMOVED' || cause === 'USER_UNASSIGNED') continue;
    for (const userRef of parts.users.keys())
      yield { type: 'UserUnassigned', data: { userRef, cause, countAfter: users }, ...since };
  }
}

const first = (events: Iterable<LicenseEvent>, max: number): readonly LicenseEvent[] => {
  const result: LicenseEvent[] = [];
  if (max <= 0) return result;
  for (const event of events) {
    result.push(event);
    if (result.length === max) break;
  }
  return result;
};
