import type { Instant } from '../../time.ts';
import { type Due, dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { LicenseFacts } from '../license.ts';
import { graceUntil } from '../status.ts';
import { isDowngradedTrial } from '../tiers/end-trial.ts';
import { reminderDueAt } from './decide-reminders.ts';

/**
 * Returns the commands around the end of the term: reminders, the expiry or the end of a trial, the end of the grace.
 */
export const dueAtTermEnd = (facts: LicenseFacts): readonly UpcomingCommand[] => {
  const { number, expiresAt } = facts.term;
  if (expiresAt === null) return [];
  const isAnnounced = facts.announcedTerm >= number && !isDowngradedTrial(facts);
  return [...(isAnnounced ? [] : reminders(facts, expiresAt)), ...dueEnds(facts)];
};

/** Returns the commands of `dueAtTermEnd` that change the license or its history for good, without the reminders. */
export const dueEnds = (facts: LicenseFacts): readonly UpcomingCommand[] => {
  const { number: termNumber, expiresAt } = facts.term;
  if (expiresAt === null) return [];
  const { announcedTerm, graceEndedTerm } = facts;
  if (isDowngradedTrial(facts)) return [dueFrom(expiresAt, { type: 'EndTrial', data: { termNumber } })];

  const graceEndsAt = graceUntil(facts);
  const grace =
    graceEndsAt === null || graceEndedTerm >= termNumber
      ? []
      : [dueFrom(graceEndsAt, { type: 'EndGrace', data: { termNumber } })];
  if (announcedTerm >= termNumber) return grace;
  return [dueFrom(expiresAt, { type: 'Expire', data: { termNumber } }), ...grace];
};

// A reminder is useless from the expiry on.
const reminders = (facts: LicenseFacts, expiresAt: Instant): readonly UpcomingCommand[] =>
  facts.policy.remindBefore.flatMap((offset) => {
    const from = reminderDueAt(facts, offset);
    const due: Due = { type: 'Remind', data: { termNumber: facts.term.number, offset } };
    return from === null ? [] : [{ due, from, before: expiresAt }];
  });
