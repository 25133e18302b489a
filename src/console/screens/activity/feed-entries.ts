import type { CloudEvent, LicenseEvent } from '../../types.ts';

/** An event as the page shows it. `json`: the event as the API has it. */
export type FeedEntry = Pick<LicenseEvent, 'id' | 'type' | 'data' | 'recordedAt' | 'actor' | 'reason'> & {
  readonly licenseId: string;
  readonly json: object;
};

/** Returns the name of a type in the history: `ledger.license.suspended.v1` is LicenseSuspended. */
export const historyTypeOf = (type: string): string =>
  type
    .replace(/^ledger\./, '')
    .replace(/\.v\d+$/, '')
    .split(/[._]/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

/** Returns an event of the feed as an entry. */
export const entryOfCloudEvent = (event: CloudEvent): FeedEntry => {
  const { actor, reason, ...data } = event.data;
  return {
    id: event.id,
    type: historyTypeOf(event.type),
    licenseId: event.subject,
    recordedAt: event.recordedtime,
    actor,
    // Texts of people are in the history of a license only.
    reason: reason === null ? null : { ...reason, text: null },
    data,
    json: event,
  };
};

/** Returns an event of the history of a license as an entry. */
export const entryOfHistory = (event: LicenseEvent, licenseId: string): FeedEntry => ({
  ...event,
  licenseId,
  json: event,
});

/** Puts news, the newest first, before the entries that were read. An event that is in both appears once. */
export const withNews = (news: readonly FeedEntry[], read: readonly FeedEntry[]): readonly FeedEntry[] => {
  const known = new Set(read.map(({ id }) => id));
  return [...news.filter(({ id }) => !known.has(id)), ...read];
};
