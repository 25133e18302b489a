import type { Pool, PoolClient } from 'pg';
import type { Position, Recorded } from '../eventstore/event-store.ts';
import { transaction } from '../postgres/transaction.ts';
import { moveCheckpoint, type Projection } from './checkpoint.ts';
import { foldFitting, type Unprojectable } from './fold/fold-batch.ts';
import { TooManyRows } from './fold/fold-event.ts';
import { onlyGives } from './only-gives.ts';
import { noteLeftOut, setAside } from './parked.ts';
import type { Sweeper } from './tables/sweep.ts';
import { loadStored, writeChanges } from './tables/tables.ts';

/** Consecutive events after `from`, oldest first, and how far the log is handled with them. */
export type Batch = {
  readonly from: Position | 'start';
  readonly events: readonly Recorded[];
  readonly to: Position;
};

/**
 * Brings a batch into the read models but for streams that are left out: rows and checkpoint in one transaction, or
 * nothing. Returns false when the checkpoint is not at `from`, because another instance was faster; nothing was changed.
 * What `onMisfits` does about events that do not fit belongs to the transaction, and the others go on; without it the
 * first one is thrown.
 */
export const applyBatch = async (
  pool: Pool,
  projection: Projection,
  { from, events, to }: Batch,
  { onMisfits = throwFirst, aside }: Exceptions = {},
): Promise<boolean> => {
  let isSetAside = false;
  const isApplied = await transaction(pool, beginFor(events), async (db) => {
    const moved = await moveCheckpoint(db, projection, from, to, events);
    if (moved === null) return false;
    const fitting = events.filter(({ stream }) => !moved.parked.has(stream));
    const leftOut = await writeEvents(db, fitting, { rowsMax: aside?.rowsMax });
    const large = leftOut.filter(isTooLarge);
    const misfits = leftOut.filter((first) => !isTooLarge(first));
    if (misfits.length > 0) await onMisfits(db, misfits);
    await setAside(db, projection, large);
    isSetAside = large.length > 0;
    const leftOutFrom = new Map(leftOut.map(({ recorded }) => [recorded.stream, recorded.revision]));
    const isLeftOut = ({ stream, revision }: Recorded) =>
      moved.parked.has(stream) || revision >= (leftOutFrom.get(stream) ?? revision + 1n);
    await noteLeftOut(db, projection, events.filter(isLeftOut));
    return true;
  });
  if (isApplied && isSetAside) aside?.onSetAside();
  return isApplied;
};

type Exceptions = { readonly onMisfits?: OnMisfits; readonly aside?: Aside };

/** What to do about an event that changes many rows: its stream is set aside, for `bringIn`. */
export type Aside = {
  /** Sets a stream aside from an event on that changes more rows than this at once. */
  readonly rowsMax: number;
  /** Called after the commit of a batch that set a stream aside. */
  readonly onSetAside: () => void;
};

/** Told the first event that does not fit of each stream, after the others were written. */
export type OnMisfits = (db: PoolClient, misfits: readonly Unprojectable[]) => Promise<void>;

/** Brings events into the rows in the caller's transaction; returns the first of each stream that does not fit. */
export const writeEvents = async (
  db: PoolClient,
  events: readonly Recorded[],
  { rowsMax, sweep }: { readonly rowsMax?: number | undefined; readonly sweep?: Sweeper } = {},
): Promise<readonly Unprojectable[]> => {
  if (events.length === 0) return [];
  const stored = await loadStored(db, events);
  const { changes, misfits } = foldFitting(events, stored, rowsMax);
  await writeChanges(db, stored, changes, sweep);
  return misfits;
};

const isTooLarge = ({ cause }: Unprojectable): boolean => cause instanceof TooManyRows;

const throwFirst: OnMisfits = async (_db, [first]) => {
  throw first;
};

// A crash of Postgres takes rows and checkpoint back together, and the log has them. But what somebody has seen taken
// away must not come back: only events that give need not wait for the disk.
const beginFor = (events: readonly Recorded[]): string =>
  events.every(onlyGives) ? 'begin; set local synchronous_commit = off' : 'begin';
