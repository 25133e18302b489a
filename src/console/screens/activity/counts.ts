import type { CloudEvent } from '../../types.ts';
import type { Period } from './activity-in-address.ts';
import { historyTypeOf } from './feed-entries.ts';

/** The types of events that the charts count. */
export const countedTypes = ['LicenseIssued', 'ActivationRecorded', 'LicenseExpired'] as const;
export type CountedType = (typeof countedTypes)[number];

/** Returns the type that an event counts as, or null. What others issued to this organization is not issued by it. */
export const countedTypeOf = (
  { type, source }: Pick<CloudEvent, 'type' | 'source'>,
  organizationId: string,
): CountedType | null => {
  const counted = countedTypes.find((known) => known === historyTypeOf(type)) ?? null;
  return counted === 'LicenseIssued' && source !== `/organizations/${organizationId}` ? null : counted;
};

/** Returns the days of one column of a chart. */
export const stepOf = (period: Period): number => (period === '30' ? 1 : 7);

/** Returns the beginnings of the columns in milliseconds, the first first. The last column ends with the day of `now`. */
export const startsOf = (period: Period, now: number): readonly number[] => {
  const step = stepOf(period);
  const count = Math.ceil(Number(period) / step);
  const today = new Date(now);
  // By the calendar, because the days of a change of the clock have 23 or 25 hours.
  return Array.from({ length: count }, (_, index) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1 - (count - index) * step).getTime(),
  );
};

const dayMs = 86_400_000;

/** Returns the beginnings of the columns as `startsOf` does, for days in UTC. */
export const utcStartsOf = (period: Period, now: number): readonly number[] => {
  const step = stepOf(period);
  const count = Math.ceil(Number(period) / step);
  const today = Math.floor(now / dayMs);
  return Array.from({ length: count }, (_, index) => (today + 1 - (count - index) * step) * dayMs);
};

/** Returns the day in UTC as `YYYY-MM-DD`. */
export const utcDayOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10);

/** Returns the sum of the validations in each column, by their days in UTC as `YYYY-MM-DD`. */
export const sumIn = (
  starts: readonly number[],
  days: readonly { readonly day: string; readonly validations: number }[],
): readonly number[] => {
  const counts = starts.map(() => 0);
  const first = starts.map(utcDayOf);
  for (const { day, validations } of days) {
    const index = first.findLastIndex((start) => start <= day);
    if (index >= 0) counts[index] = (counts[index] ?? 0) + validations;
  }
  return counts;
};

/** Returns how many instants are in each column. Those before the first column do not count. */
export const countIn = (starts: readonly number[], instants: readonly number[]): readonly number[] => {
  const counts = starts.map(() => 0);
  for (const instant of instants) {
    const index = starts.findLastIndex((start) => start <= instant);
    if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
};
