import { addDuration, type CalendarAnchor } from '../../calendar.ts';
import { type Rejection, reject } from '../../decider.ts';
import { type Instant, notDuration, parseDuration } from '../../time.ts';

/** Returns the end of a calendar duration in the issuer's time zone, or the refusal of an invalid duration. */
export const endOfDuration = (
  startsAt: Instant,
  text: string,
  timeZone: string,
  anchor?: CalendarAnchor,
): Instant | Rejection<'TERM_INVALID'> => {
  const duration = parseDuration(text);
  if (duration === null) return reject('TERM_INVALID', notDuration(text));
  const end = addDuration(startsAt, duration, anchor, timeZone);
  return end ?? reject('TERM_INVALID', 'A term cannot last beyond the year 9999.');
};
