import type { Instant } from '../../time.ts';
import type { PinnedPolicy } from '../policy.ts';

/** An active device, and when the sender of the command knows that it was last seen. */
export type SeenDevice = { readonly activationId: string; readonly lastSeenAt: Instant };

/** The most days of `deactivateUnseenAfter`. Sightings are stored for 400 days. */
export const unseenDaysMax = 365;

/**
 * Returns after how many seconds without a contact the policy deactivates a device. Returns null when it never does, or
 * the rule is not a number of days like P90D.
 */
export const unseenSecondsOf = ({ deactivateUnseenAfter: text }: Pick<PinnedPolicy, 'deactivateUnseenAfter'>) => {
  const days = Number(daysPattern.exec(text ?? '')?.[1] ?? 0);
  return days >= 1 && days <= unseenDaysMax ? days * secondsPerDay : null;
};

/** Returns what is wrong with a rule that `unseenSecondsOf` does not know. */
export const notUnseenDays = (text: string): string =>
  `deactivateUnseenAfter must be a number of days like P90D, from P1D to P${unseenDaysMax}D, or null. It is ${JSON.stringify(text)}.`;

/** The longest notice of a deactivation, in seconds. */
export const noticeMaxSeconds = 7 * 86_400;

/** Returns how many seconds before a deactivation it is announced: 7 days, or half of a period that is shorter. */
export const noticeSecondsOf = (unseenSeconds: number): number => Math.min(noticeMaxSeconds, unseenSeconds / 2);

/**
 * Processes write sightings seconds later, and clocks differ by up to a minute. So the worker waits this long after the
 * announced instant, and knows each contact before it.
 */
export const unseenMarginSeconds = 300;

const secondsPerDay = 86_400;
const daysPattern = /^P(\d{1,3})D$/;
