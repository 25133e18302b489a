import type { Instant } from '../../domain/time.ts';

/** Selects the snapshots of one stream by one version of its fold. `issuerOrgId`: the owner of the stream. */
export type SnapshotKey = { readonly issuerOrgId: string; readonly stream: string; readonly fold: string };

/** An event of a stream with its hash, which covers every earlier event of the stream. */
export type Anchor = { readonly revision: bigint; readonly eventId: string; readonly hash: string };

/** A part of a stream: the events after `previousRevision` (-1: from the first event) up to the anchor. */
export type Stretch = Anchor & {
  /** When the last event was recorded. */
  readonly recordedAt: Instant;
  readonly previousRevision: bigint;
  readonly previousHash: string;
  /** The earliest instant at which one of the events was recorded or took effect. */
  readonly earliestAt: Instant;
};

/**
 * A stretch, with the facts and the whole state after its last event; null when they were not taken. A checksum
 * protects both.
 */
export type Snapshot = Stretch & { readonly facts: Uint8Array | null; readonly whole: Uint8Array | null };

/**
 * A cache of folded streams. It may be empty, behind, ahead, of another log, or damaged: its reader checks everything.
 * Every function may throw; then the caller goes on without the cache.
 */
export type Snapshots = {
  /** Returns the newest whole state, or the newest before the event `below`; null when there is none. */
  readonly newest: (
    key: SnapshotKey,
    below: bigint | null,
  ) => Promise<(Anchor & { readonly whole: Uint8Array }) | null>;
  /**
   * Returns the last stretch that was recorded by `asOf`, with its facts, and every later stretch, in the order of the
   * stream. Returns all stretches when none was recorded by then.
   */
  readonly since: (
    key: SnapshotKey,
    asOf: Instant,
  ) => Promise<readonly (Stretch & { readonly facts: Uint8Array | null })[]>;
  /**
   * Adds snapshots, and deletes all whole states but the newest two. Throws SnapshotsUnavailable when no snapshot can
   * be added now.
   */
  readonly save: (key: SnapshotKey, snapshots: readonly Snapshot[]) => Promise<void>;
  /** Deletes the snapshots from the event `from` on, which belong to another log or are damaged. */
  readonly discard: (key: SnapshotKey, from: bigint) => Promise<void>;
};

/** The database of the snapshots does not answer now. The same snapshot may be saved later. */
export class SnapshotsUnavailable extends Error {
  override readonly name = 'SnapshotsUnavailable';
}
