import { type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant } from '../../time.ts';
import { endOfDuration } from '../term/duration-end.ts';
import type { TermRequest } from './issue-commands.ts';
import type { IssuedTerm } from './issue-events.ts';

/**
 * Returns the first term of a license, or the refusal of an invalid one. Refuses a term that has ended, unless it may
 * have.
 */
export const issuedTerm = (
  request: TermRequest,
  at: Instant,
  { timeZone, mayHaveEnded }: { readonly timeZone: string; readonly mayHaveEnded: boolean },
): IssuedTerm | Rejection<'TERM_INVALID'> => {
  if (request.kind === 'firstActivation' || request.kind === 'firstValidation') {
    const { kind, duration } = request;
    const end = endOfDuration(at, duration, timeZone);
    if (typeof end !== 'string') return end;
    const basis = kind === 'firstActivation' ? 'FIRST_ACTIVATION' : 'FIRST_VALIDATION';
    return { basis, duration, startsAt: null, expiresAt: null, timeZone };
  }
  const startsAt = request.startsAt ?? at;
  if (!isInstant(startsAt)) return notInstant(startsAt);
  if (request.kind === 'perpetual') return { basis: 'PERPETUAL', duration: null, startsAt, expiresAt: null, timeZone };

  const expiresAt = request.kind === 'fixed' ? request.expiresAt : endOfDuration(startsAt, request.duration, timeZone);
  if (typeof expiresAt !== 'string') return expiresAt;
  if (!isInstant(expiresAt)) return notInstant(expiresAt);
  if (expiresAt <= startsAt)
    return reject('TERM_INVALID', `A term that starts at ${startsAt} cannot end at ${expiresAt}.`);
  if (expiresAt <= at && !mayHaveEnded)
    return reject('TERM_INVALID', `A term that ends at ${expiresAt} has ended before the license is issued.`);
  return request.kind === 'fixed'
    ? { basis: 'FIXED', duration: null, startsAt, expiresAt, timeZone }
    : { basis: 'ISSUE', duration: request.duration, startsAt, expiresAt, timeZone };
};

const notInstant = (text: string): Rejection<'TERM_INVALID'> =>
  reject('TERM_INVALID', `${text} is not an instant like 2026-01-31T00:00:00.000Z.`);
