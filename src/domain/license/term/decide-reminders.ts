import { subtractDuration } from '../../calendar.ts';
import { type Instant, parseDuration } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { status } from '../status.ts';

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
  const dueAt = facts.reminded.includes(offset) ? null : offsetBeforeEnd(facts, offset);
  return dueAt === null || dueAt < (facts.expirySetAt ?? facts.createdAt) ? null : dueAt;
};

/**
 * Returns the instant from which the end of the term is near: its first reminder, if no offset were
 * too late for one. An offset that is longer than the term does not count. Returns null when there is no other.
 */
export const nearEndFrom = (facts: LicenseFacts): Instant | null => {
  let first: Instant | null = null;
  for (const offset of facts.policy.remindBefore) {
    const at = offsetBeforeEnd(facts, offset);
    if (at !== null && (first === null || at < first)) first = at;
  }
  return first;
};

/** Returns true while a license is ACTIVE and the end of its term is near, but has not come. */
export const isExpiring = (facts: LicenseFacts, at: Instant): boolean => {
  const from = nearEndFrom(facts);
  const { expiresAt } = facts.term;
  return from !== null && expiresAt !== null && from <= at && at < expiresAt && status(facts, at) === 'ACTIVE';
};

const offsetBeforeEnd = (facts: LicenseFacts, offset: string): Instant | null => {
  const { startsAt, expiresAt } = facts.term;
  const duration = parseDuration(offset);
  if (startsAt === null || expiresAt === null || duration === null) return null;
  const at = subtractDuration(expiresAt, duration, facts.timeZone);
  return at === null || at <= startsAt ? null : at;
};
