import { dayOf } from '../../parts/dates.ts';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';

const list = new Intl.ListFormat('en');

/** Returns reasons of a suspension as words in a sentence. */
export const reasonsInWords = (reasons: readonly (keyof typeof texts.suspensionReasons)[]): string =>
  list.format(reasons.map((reason) => texts.suspensionReasons[reason]));

/** Returns why a license has its status, as a sentence. */
export const whyOf = ({ effectiveStatus, term, suspension, suspensions, revokedAt }: License): string => {
  const dayOrNull = (at: string | null) => (at === null ? null : dayOf(at));
  switch (effectiveStatus) {
    case 'ACTIVE':
      return texts.why.active(dayOrNull(term.expiresAt));
    case 'IN_GRACE':
      return texts.why.grace(dayOf(term.graceUntil ?? ''));
    case 'NOT_YET_VALID':
      return term.awaits === null
        ? texts.why.startsAt(dayOf(term.startsAt ?? ''))
        : texts.why.awaits(term.awaits.trigger);
    case 'SUSPENDED':
      return suspension === null
        ? ''
        : texts.why.suspended(
            reasonsInWords(suspensions.map(({ reasonCode }) => reasonCode)),
            dayOf(suspension.since),
            dayOrNull(suspension.until),
          );
    case 'EXPIRED':
      return texts.why.expired(dayOf(term.expiresAt ?? ''));
    case 'REVOKED':
      return texts.why.revoked(dayOf(revokedAt ?? ''));
  }
};
