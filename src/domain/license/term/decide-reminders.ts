import { subtractDuration } from '../../calendar.ts';
import { type Instant, parseDuration } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/**
 * Announces that the expiry comes near, once for each term, expiry and offset. Never announces an offset that is
 * longer than the term, or that had passed when the expiry was set; and nothing from the expiry on.
 */
export const remind = (
  { data: { termNumber, offset }, at }: CommandOf<'Remind'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const { number, expiresAt } = facts.term;
  if (termNumber !== number || expiresAt === null || at >= expiresAt) return [];
  if (!facts.policy.remindBefore.includes(offset)) return [];
  const dueAt = reminderDueAt(facts, offset);
  if (dueAt === null || at < dueAt) return [];
  return [{ type: 'LicenseExpiringSoon', data: { termNumber, expiresAt, offset } }];
};

/** Returns when the reminder `offset` before the current expiry is due; null when it was sent, or never comes. */
export const reminderDueAt = (facts: LicenseFacts, offset: string): Instant | null => {
  const { startsAt, expiresAt } = facts.term;
  const duration = parseDuration(offset);
  if (startsAt === null || expiresAt === null || duration === null || facts.reminded.includes(offset)) return null;
  const dueAt = subtractDuration(expiresAt, duration, facts.timeZone);
  return dueAt === null || dueAt <= startsAt || dueAt < (facts.expirySetAt ?? facts.createdAt) ? null : dueAt;
};
