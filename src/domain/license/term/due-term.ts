import type { Instant } from '../../time.ts';
import { type Due, dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { LicenseFacts } from '../license.ts';
import { graceUntil } from '../status.ts';
import { reminderDueAt } from './decide-reminders.ts';

/**
 * Returns the commands around the end of the term: reminders, the expiry or the end of a trial, the end of the grace.
 */
export const dueAtTermEnd = (facts: LicenseFacts): readonly UpcomingCommand[] => {
  const { number: termNumber, expiresAt } = facts.term;
  if (expiresAt === null) return [];
  const { policy, announcedTerm, graceEndedTerm } = facts;
  if (policy.type === 'TRIAL' && policy.trialEnd === 'DOWNGRADE')
    return [...reminders(facts, expiresAt), dueFrom(expiresAt, { type: 'EndTrial', data: { termNumber } })];

  const graceEndsAt = graceUntil(facts);
  const grace =
    graceEndsAt === null || graceEndedTerm >= termNumber
      ? []
      : [dueFrom(graceEndsAt, { type: 'EndGrace', data: { termNumber } })];
  if (announcedTerm >= termNumber) return grace;
  return [...reminders(facts, expiresAt), dueFrom(expiresAt, { type: 'Expire', data: { termNumber } }), ...grace];
};

// A reminder is useless from the expiry on.
const reminders = (facts: LicenseFacts, expiresAt: Instant): readonly UpcomingCommand[] =>
  facts.policy.remindBefore.flatMap((offset) => {
    const from = reminderDueAt(facts, offset);
    const due: Due = { type: 'Remind', data: { termNumber: facts.term.number, offset } };
    return from === null ? [] : [{ due, from, before: expiresAt }];
  });
