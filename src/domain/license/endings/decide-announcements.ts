import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';

/** Announces the next of what decisive events have ended, the oldest first; nothing when all of it was announced. */
export const announceEnded = ({ at }: CommandOf<'AnnounceEnded'>, license: IssuedLicense): LicenseDecision =>
  first(pending(license, at), announcementsMax);

/**
 * Returns the first `max` announcements of what was ended, for a decision at `at`: fewer where other decisions at that
 * instant had some, because what is decided together is appended together.
 */
export const announcements = (license: IssuedLicense, at: Instant, max: number): readonly LicenseEvent[] => {
  const { announced } = license;
  return first(pending(license, at), announced.at === at ? max - announced.count : max);
};

/** About 260 kB of events: half of what one append may take. */
const announcementsMax = 200;

/** Every announcement there is, in order. They change no count: each tells how much is in use. */
function* pending({ facts, ended }: IssuedLicense, at: Instant): Generator<LicenseEvent, void> {
  const { activations, seats, users } = facts.usage;
  for (const [index, { cause, effectiveAt }] of facts.endings.entries()) {
    const left = ended[index];
    if (left === undefined) return;
    // In the decision that ends it, an announcement takes effect with the decisive event, whenever that is recorded.
    const since = effectiveAt === at ? {} : { effectiveAt };
    for (const activationId of left.activations.keys())
      yield { type: 'ActivationDeactivated', data: { activationId, cause, countAfter: activations }, ...since };
    for (const leaseId of left.leases.keys())
      yield { type: 'LeaseReleased', data: { leaseId, cause, inUseAfter: seats, seatFreeAt: null }, ...since };
    if (cause === 'PRODUCT_REMOVED') continue;
    for (const userRef of left.users.keys())
      yield { type: 'UserUnassigned', data: { userRef, cause, countAfter: users }, ...since };
  }
}

const first = (events: Iterable<LicenseEvent>, max: number): readonly LicenseEvent[] => {
  const taken: LicenseEvent[] = [];
  if (max <= 0) return taken;
  for (const event of events) {
    taken.push(event);
    if (taken.length === max) break;
  }
  return taken;
};
