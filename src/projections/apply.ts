import type { Pool, PoolClient } from 'pg';
import type { Position, Recorded } from '../eventstore/event-store.ts';
import { transaction } from '../postgres/transaction.ts';
import { moveCheckpoint, type Projection } from './checkpoint.ts';
import { foldFitting, type Unprojectable } from './fold/fold-batch.ts';
import { onlyGives } from './only-gives.ts';
import { noteLeftOut } from './parked.ts';
import { loadStored, writeChanges } from './tables/tables.ts';

/** Consecutive events after `from`, oldest first, and how far the log is handled with them. */
export type Batch = {
  readonly from: Position | 'start';
  readonly events: readonly Recorded[];
  readonly to: Position;
};

/**
 * Brings a batch into the read models but for parked streams: rows and checkpoint in one transaction, or nothing. False:
 * the checkpoint is not at `from`, because another instance was faster; nothing was changed. What `onMisfits` does about
 * events that do not fit belongs to the transaction, and the others go on; without it the first one is thrown.
 */
export const applyBatch = (
  pool: Pool,
  projection: Projection,
  { from, events, to }: Batch,
  onMisfits: OnMisfits = throwFirst,
): Promise<boolean> =>
  transaction(pool, beginFor(events), async (db) => {
    const moved = await moveCheckpoint(db, projection, from, to, events);
    if (moved === null) return false;
    const misfits = await writeEvents(
      db,
      events.filter(({ stream }) => !moved.parked.has(stream)),
    );
    if (misfits.length > 0) await onMisfits(db, misfits);
    const parkedFrom = new Map(misfits.map(({ recorded }) => [recorded.stream, recorded.revision]));
    const isLeftOut = ({ stream, revision }: Recorded) =>
      moved.parked.has(stream) || revision >= (parkedFrom.get(stream) ?? revision + 1n);
    await noteLeftOut(db, projection, events.filter(isLeftOut));
    return true;
  });

/** Told the first event that does not fit of each stream, after the others were written. */
export type OnMisfits = (db: PoolClient, misfits: readonly Unprojectable[]) => Promise<void>;

/** Brings events into the rows in the caller's transaction; returns the first of each stream that does not fit. */
export const writeEvents = async (db: PoolClient, events: readonly Recorded[]): Promise<readonly Unprojectable[]> => {
  if (events.length === 0) return [];
  const stored = await loadStored(db, events);
  const { changes, misfits } = foldFitting(events, stored);
  await writeChanges(db, stored, changes);
  return misfits;
};

const throwFirst: OnMisfits = async (_db, [first]) => {
  throw first;
};

// A crash of Postgres takes rows and checkpoint back together, and the log has them. But what somebody has seen taken
// away must not come back: only events that give need not wait for the disk.
const beginFor = (events: readonly Recorded[]): string =>
  events.every(onlyGives) ? 'begin; set local synchronous_commit = off' : 'begin';
