import type { Instant } from '../../time.ts';
import type { Event } from '../message-shapes.ts';

/** Events about the end of a license, stored as they are: add, never rename or repurpose. */
export type EndingEvent = Event<'LicenseRevoked', { readonly reasonCode: string; readonly ends?: Ends }>;

/**
 * The devices, leases and users that a decisive event ends: from the event on they neither count nor are listed. An
 * event of its own announces each of them later, in the same append or in another one. It has the `effectiveAt` of
 * the decisive event, and belongs to the owners from before that event. Absent, as in events of version 1: the event
 * ends nothing; earlier events announced what it ended.
 */
export type Ends = {
  readonly which: (typeof endedParts)[number];
  readonly activations: number;
  readonly leases: number;
  readonly users: number;
  /** The devices and leases that end, in the order of their recording; absent unless `which` is NAMED. */
  readonly named?: NamedParts;
  /**
   * The seats of borrowed leases return when the borrow ends, and `usageAfter` counts them. Absent: seats return at
   * once.
   */
  readonly keepsBorrowed?: true;
  /** When each of these seats returns, by lease id. Absent with `keepsBorrowed`: the announcements say it. */
  readonly seatsFreeAt?: Readonly<Record<string, Instant>>;
  /** The usage right after the event. */
  readonly usageAfter: { readonly activations: number; readonly seats: number; readonly users: number };
};

/** Ids of devices and leases. */
export type NamedParts = { readonly activations: readonly string[]; readonly leases: readonly string[] };

/**
 * Lists what an event ends, in the order of recording: everything, the parts of the removed product, the oldest, or
 * those that it names.
 */
export const endedParts = ['ALL', 'PRODUCT', 'OLDEST', 'NAMED'] as const;
