import type { Pool } from 'pg';
import type { Position, Recorded } from '../eventstore/event-store.ts';
import { moveCheckpoint, type Projection } from './checkpoint.ts';
import { foldBatch } from './fold-batch.ts';
import { loadStored, writeChanges } from './tables.ts';
import { transaction } from './transaction.ts';

/** Consecutive events after `from`, oldest first, and how far the log is handled with them. */
export type Batch = {
  readonly from: Position | 'start';
  readonly events: readonly Recorded[];
  readonly to: Position;
};

/**
 * Brings a batch into the read models: rows and checkpoint in one transaction, or nothing. False: the checkpoint is not at
 * `from`, because another instance was faster; nothing was changed. Throws Unprojectable for an event that does not fit.
 */
export const applyBatch = (pool: Pool, projection: Projection, { from, events, to }: Batch): Promise<boolean> =>
  transaction(pool, beginReplayable, async (db) => {
    if (!(await moveCheckpoint(db, projection, from, to, events.at(-1) ?? null))) return false;
    if (events.length === 0) return true;
    const stored = await loadStored(db, events);
    await writeChanges(db, stored, foldBatch(events, stored));
    return true;
  });

// Rows and checkpoint that a crash of Postgres takes back go together, and the log has them: no need to wait for the disk.
const beginReplayable = 'begin; set local synchronous_commit = off';
