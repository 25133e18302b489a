import type { SeenDevice } from '../domain/license/devices/unseen-rule.ts';
import type { Due } from '../domain/license/due-command.ts';
import { leftOf } from '../domain/license/endings/ending-counts.ts';
import type { LicenseFacts } from '../domain/license/license.ts';
import type { LastSeen } from '../domain/license/seats/seat-commands.ts';
import type { Instant } from '../domain/time.ts';

/** Returns the name of a due command: its type, the license, and values that make it unique. It is carried out once. */
export const systemCommandName = (facts: LicenseFacts, due: Due): string => {
  const { licenseId, term } = facts;
  switch (due.type) {
    case 'Expire':
      return `expire:${licenseId}:${due.data.termNumber}${announcedAgain(facts)}`;
    case 'EndGrace':
      return `end-grace:${licenseId}:${due.data.termNumber}${announcedAgain(facts)}`;
    case 'EndTrial':
      return `end-trial:${licenseId}:${due.data.termNumber}`;
    case 'Remind':
      return `remind:${licenseId}:${due.data.termNumber}:${term.expiresAt}:${due.data.offset}`;
    case 'CarryOutScheduled':
      return `carry-out:${licenseId}:${due.data.eventId}`;
    case 'RetireKey':
      return `retire-key:${licenseId}:${due.data.keyVersion}`;
    case 'EndSuspension':
      return `end-suspension:${licenseId}:${due.data.until}`;
    case 'EndEntitlements':
      return `end-entitlements:${licenseId}:${due.data.until}${nextPage(facts)}`;
    case 'AnnounceEnded':
      return `announce-ended:${licenseId}:${nextBatch(facts)}`;
  }
};

// A term has one expiry to announce. When its end moves after the announcement, the name includes the new end.
const announcedAgain = ({ term, overtakenExpiries }: LicenseFacts): string =>
  overtakenExpiries.length === 0 ? '' : `:${term.expiresAt}`;

// When more ended at one instant than one append announces, the name includes how many are announced.
const nextPage = ({ announcedEnds }: LicenseFacts): string =>
  announcedEnds.length === 0 ? '' : `:${announcedEnds.length}`;

// Each batch reduces the number of parts that are left, so the names of its batches differ. The names of endings with
// the same cause and instant differ by the number of later ones.
const nextBatch = ({ endings: [oldest, ...later] }: LicenseFacts): string => {
  if (oldest === undefined) return 'nothing';
  const { cause, effectiveAt } = oldest;
  const alike = later.filter((ending) => ending.cause === cause && ending.effectiveAt === effectiveAt).length;
  return `${cause}:${effectiveAt}:${alike}:${leftOf(oldest)}`;
};

/** Returns the name of the command that ends a lease, which was last seen or acquired at `lastSeenAt`. */
export const lapseCommandName = ({
  licenseId,
  leaseId,
  lastSeenAt,
}: LastSeen & { readonly licenseId: string }): string => `lapse:${licenseId}:${leaseId}:${lastSeenAt}`;

/**
 * Returns the name of the command that announces or carries out the deactivation of devices. It includes what the rows
 * say of each, so the next step of a device has another name.
 */
export const unseenCommandName = (licenseId: string, devices: readonly UnseenDevice[]): string =>
  `unseen:${licenseId}:${devices.map(({ activationId, lastSeenAt, deactivatesAt }) => `${activationId} ${lastSeenAt} ${deactivatesAt}`).join(':')}`;

/** A device without a contact, and the announced instant of its deactivation in its row; null: not announced. */
export type UnseenDevice = SeenDevice & { readonly deactivatesAt: Instant | null };

/** Returns the name of the command that starts the term at the first validation. Many processes may send it at once. */
export const startTermCommandName = ({ licenseId, term }: LicenseFacts): string =>
  `start-term:${licenseId}:${term.number + 1}`;

/** Returns the name of the command that ends a device of an expired license for another license that activates it. */
export const expiredDeviceCommandName = (licenseId: string, activationId: string): string =>
  `release-expired:${licenseId}:${activationId}`;
