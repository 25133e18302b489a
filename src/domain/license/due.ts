import { type Instant, toMs } from '../time.ts';
import type { Due, UpcomingCommand } from './due-command.ts';
import { dueAnnouncements } from './endings/due-announcements.ts';
import { dueEntitlementEnds } from './grants/entitlement-ends.ts';
import { dueKeyRetirements } from './keys/due-keys.ts';
import type { LicenseFacts } from './license.ts';
import { dueTierChanges } from './scheduled/due-scheduled.ts';
import { dueSuspensionEnds } from './suspension/suspension-ends.ts';
import { dueAtTermEnd } from './term/due-term.ts';

/**
 * Returns the commands that are due at `at`, in the order in which they fell due. A command may change what is due
 * after it (a tier change, the end of a trial), so call this again after each. A refused command stays due.
 */
export const dueCommands = (facts: LicenseFacts, at: Instant): readonly Due[] =>
  upcomingCommands(facts)
    .filter(({ from, before }) => from <= at && (before === null || at < before))
    .toSorted((a, b) => toMs(a.from) - toMs(b.from))
    .map(({ due }) => due);

/**
 * Returns the earliest instant, which may have passed, at which a command of the license falls due; with `after`, the
 * earliest later than that. Returns null when there is none.
 */
export const nextDueAt = (facts: LicenseFacts, after: Instant | null = null): Instant | null =>
  upcomingCommands(facts)
    .map(({ from }) => from)
    .filter((from) => after === null || from > after)
    .toSorted()
    .at(0) ?? null;

// Commands that fall due at one instant keep this order: an announced tier change comes before the end of the trial
// that it replaces.
const upcomingCommands = (facts: LicenseFacts): readonly UpcomingCommand[] =>
  facts.revokedAt === null
    ? [
        ...dueAnnouncements(facts),
        ...dueSuspensionEnds(facts),
        ...dueEntitlementEnds(facts),
        ...dueTierChanges(facts),
        ...dueAtTermEnd(facts),
        ...dueKeyRetirements(facts),
      ]
    : dueAnnouncements(facts);
