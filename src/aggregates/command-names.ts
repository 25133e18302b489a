import type { Due } from '../domain/license/due-command.ts';
import { leftOf } from '../domain/license/endings/ending-counts.ts';
import type { LicenseFacts } from '../domain/license/license.ts';
import type { LastSeen } from '../domain/license/seats/seat-commands.ts';

/** What there is to be carried out once: the command, the license, and what tells it from others of the license. */
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
    case 'AnnounceEnded':
      return `announce-ended:${licenseId}:${nextBatch(facts)}`;
  }
};

// A term has one expiry to announce, unless its end was moved after that: then each of them has a name of its own.
const announcedAgain = ({ term, overtakenExpiries }: LicenseFacts): string =>
  overtakenExpiries.length === 0 ? '' : `:${term.expiresAt}`;

// What is left of an ending grows less with each batch. Endings of one cause and instant are told apart by their
// number.
const nextBatch = ({ endings: [oldest, ...later] }: LicenseFacts): string => {
  if (oldest === undefined) return 'nothing';
  const { cause, effectiveAt } = oldest;
  const alike = later.filter((each) => each.cause === cause && each.effectiveAt === effectiveAt).length;
  return `${cause}:${effectiveAt}:${alike}:${leftOf(oldest)}`;
};

/** As `systemCommandName`: the end of a lease that was last heard of, or acquired, at `lastSeenAt`. */
export const lapseCommandName = ({
  licenseId,
  leaseId,
  lastSeenAt,
}: LastSeen & { readonly licenseId: string }): string => `lapse:${licenseId}:${leaseId}:${lastSeenAt}`;

/** As `systemCommandName`: the start of the term that waits for the first validation, which many may send at once. */
export const startTermCommandName = ({ licenseId, term }: LicenseFacts): string =>
  `start-term:${licenseId}:${term.number + 1}`;
