import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import { graceUntil } from '../status.ts';

/** Lists the fields with instants at which time alone changes other fields. */
export const timedFieldNames = [
  'term.startsAt',
  'term.expiresAt',
  'term.graceUntil',
  'suspension.until',
  'scheduled',
  'keyOverlaps',
  'entitlements',
  'pendingHolder',
  'usage',
] as const;

/** A field with an instant at which time alone changes other fields. */
export type TimedField = (typeof timedFieldNames)[number];

/** Returns every instant of the facts at which time alone changes what a license shows, with its field. */
export const timedFields = (
  facts: LicenseFacts,
): readonly { readonly field: TimedField; readonly instant: Instant }[] => {
  const { term, suspension, scheduled, keyOverlaps, entitlements, offer, nextTerms, withheldSeats } = facts;
  const { meterPeriods } = facts;
  const all: readonly (readonly [TimedField, Instant | null])[] = [
    ['term.startsAt', term.startsAt],
    ['term.expiresAt', term.expiresAt],
    ['term.graceUntil', graceUntil(facts)],
    ['suspension.until', suspension?.until ?? null],
    ...scheduled.flatMap(({ effectiveAt, change }) => [
      ['scheduled', effectiveAt] as const,
      ['scheduled', change.kind === 'SUSPENSION' ? change.until : null] as const,
    ]),
    ...keyOverlaps.map(({ until }) => ['keyOverlaps', until] as const),
    ...entitlements.map(({ until }) => ['entitlements', until] as const),
    ['pendingHolder', offer?.expiresAt ?? null],
    ...nextTerms.map((startsAt) => ['usage', startsAt] as const),
    ...Object.values(meterPeriods).map(({ until }) => ['usage', until] as const),
    ...withheldSeats.map(({ freeAt }) => ['usage', freeAt] as const),
  ];
  return all.flatMap(([field, instant]) => (instant === null ? [] : [{ field, instant }]));
};
