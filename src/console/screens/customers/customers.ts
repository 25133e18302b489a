import { groupBy } from '../../../domain/group-by.ts';
import type { License, LicenseEvent } from '../../types.ts';
import { entryOfHistory, type FeedEntry } from '../activity/feed-entries.ts';

/** What is known of a customer from the licenses that were read. */
export type Customer = {
  readonly id: string;
  readonly licenses: number;
  /** Licenses that work: active ones and those in grace. */
  readonly working: number;
  readonly devices: number;
  readonly seats: number;
  /** When the next of its working licenses ends, after `now`. `never`: one works, and none ends. Null: none of both. */
  readonly nextEnd: string | 'never' | null;
};

type Held = Pick<License, 'holderOrganizationId' | 'effectiveStatus' | 'usage' | 'term'>;

/** Groups licenses by their holders, in the order in which they come. Licenses without a holder are left out. */
export const customersIn = (licenses: readonly Held[], now: number): readonly Customer[] => {
  const byHolder = groupBy(licenses, ({ holderOrganizationId }) => holderOrganizationId);
  return [...byHolder].flatMap(([id, own]) => (id === null ? [] : [{ id, ...totalsOf(own, now) }]));
};

/** Adds up what licenses use, and returns which end comes next. */
const totalsOf = (licenses: readonly Held[], now: number): Omit<Customer, 'id'> => {
  const sum = (of: (license: Held) => number) => licenses.reduce((total, license) => total + of(license), 0);
  const working = licenses.filter(isWorking);
  const ends = working.flatMap(({ term: { expiresAt } }) =>
    expiresAt !== null && Date.parse(expiresAt) > now ? [expiresAt] : [],
  );
  const isEndless = working.some(({ term: { expiresAt } }) => expiresAt === null);
  return {
    licenses: licenses.length,
    working: working.length,
    devices: sum(({ usage }) => usage.activations),
    seats: sum(({ usage }) => usage.seats),
    nextEnd: ends.toSorted((one, other) => Date.parse(one) - Date.parse(other))[0] ?? (isEndless ? 'never' : null),
  };
};

/** The licenses of a customer that were read. */
type ReadLicenses = {
  readonly entries: readonly License[];
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly hasMore: boolean;
};

/** What licenses use together. `isOfFirst`: there are more licenses, which do not count. */
export type Usage = Pick<Customer, 'licenses' | 'devices' | 'seats'> & {
  readonly users: number;
  readonly isOfFirst: boolean;
};

/** Returns what the licenses of a customer use, or null while none are read. */
export const usageOf = ({ entries, isPending, error, hasMore }: ReadLicenses): Usage | null => {
  if (isPending || (error !== null && entries.length === 0)) return null;
  const sum = (of: (usage: License['usage']) => number) => entries.reduce((total, { usage }) => total + of(usage), 0);
  return {
    licenses: entries.length,
    devices: sum(({ activations }) => activations),
    seats: sum(({ seats }) => seats),
    users: sum(({ users }) => users),
    isOfFirst: hasMore,
  };
};

const isWorking = ({ effectiveStatus }: Held): boolean =>
  effectiveStatus === 'ACTIVE' || effectiveStatus === 'IN_GRACE';

/** The newest events of a license, the newest first. `hasMore`: there are older ones. */
export type NewestEvents = {
  readonly licenseId: string;
  readonly events: readonly LicenseEvent[];
  readonly hasMore: boolean;
};

/**
 * Merges the newest events of several licenses, the newest first. It ends where the events of one license were not read
 * any further, so that no event is missing in between.
 */
export const mergedHistory = (
  histories: readonly NewestEvents[],
): { readonly entries: readonly FeedEntry[]; readonly hasMore: boolean } => {
  const oldest = histories.flatMap(({ events, hasMore }) => (hasMore ? [events.at(-1)?.recordedAt ?? ''] : []));
  const until = oldest.toSorted().at(-1) ?? '';
  const entries = histories
    .flatMap(({ licenseId, events }) => events.map((event) => entryOfHistory(event, licenseId)))
    .filter(({ recordedAt }) => recordedAt >= until)
    // Events of one command have one instant, and stay in the order of their license.
    .toSorted((one, other) => (one.recordedAt < other.recordedAt ? 1 : one.recordedAt > other.recordedAt ? -1 : 0));
  return { entries, hasMore: oldest.length > 0 };
};
