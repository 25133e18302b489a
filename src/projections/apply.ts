import type { Pool, PoolClient } from 'pg';
import type { Recorded } from '../eventstore/event-store.ts';
import { transaction } from '../postgres/transaction.ts';
import { type Batch, moveCheckpoint, type Projection } from './checkpoint.ts';
import { foldFitting, type Unprojectable } from './fold/fold-batch.ts';
import { TooManyRows } from './fold/fold-event.ts';
import { appendToLogs } from './issuer-logs/log-entries.ts';
import { onlyGives } from './only-gives.ts';
import { noteLeftOut, setAside } from './parked.ts';
import { loadStored, type Writing, writeChanges } from './tables/tables.ts';

/**
 * Applies a batch to the read models, except for streams that are left out, and to the logs of issuers. Writes rows
 * and checkpoint in one transaction. Returns false, and changes nothing, when another instance was faster and the checkpoint is not at
 * `from`. `onMisfits` handles events that do not fit, within the transaction, and the others are applied. Without
 * `onMisfits` throws the first event that does not fit, as Unprojectable.
 */
export const applyBatch = async (
  pool: Pool,
  projection: Projection,
  batch: Batch,
  { onMisfits = throwFirst, aside }: Exceptions = {},
): Promise<boolean> => {
  const { events } = batch;
  let isSetAside = false;
  const isApplied = await transaction(pool, beginFor(events), async (db) => {
    const moved = await moveCheckpoint(db, projection, batch);
    if (moved === null) return false;
    const fitting = events.filter(({ stream }) => !moved.parked.has(stream));
    const leftOut = await writeWithLogs(db, batch, fitting, aside);
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

/** Sets aside the stream of an event that changes many rows, which `startBringingIn` then brings in. */
export type Aside = {
  /** A stream is set aside from an event on that changes more rows than this at once. */
  readonly rowsMax: number;
  /** Called after the commit of a batch that set a stream aside. */
  readonly onSetAside: () => void;
};

/** Called with the first event of each stream that does not fit, after the fitting events are written. */
export type OnMisfits = (db: PoolClient, misfits: readonly Unprojectable[]) => Promise<void>;

/**
 * Gives every event of the batch its place in the log of its issuer, also those that do not fit, and applies the
 * `fitting` ones as `writeEvents` does.
 */
const writeWithLogs = async (
  db: PoolClient,
  { events }: Batch,
  fitting: readonly Recorded[],
  aside: Aside | undefined,
): Promise<readonly Unprojectable[]> => {
  // Both are sent before the first is answered.
  const [logged, written] = await Promise.allSettled([
    appendToLogs(db, events),
    writeEvents(db, fitting, { rowsMax: aside?.rowsMax }),
  ]);
  if (logged.status === 'rejected') throw logged.reason;
  if (written.status === 'rejected') throw written.reason;
  return written.value;
};

/** Applies events to the rows in the caller's transaction. Returns the first event of each stream that does not fit. */
export const writeEvents = async (
  db: PoolClient,
  events: readonly Recorded[],
  { rowsMax, ...writing }: Writing & { readonly rowsMax?: number | undefined } = {},
): Promise<readonly Unprojectable[]> => {
  if (events.length === 0) return [];
  const stored = await loadStored(db, events);
  const { changes, misfits } = foldFitting(events, stored, rowsMax);
  await writeChanges(db, stored, changes, writing);
  return misfits;
};

const isTooLarge = ({ cause }: Unprojectable): boolean => cause instanceof TooManyRows;

const throwFirst: OnMisfits = async (_db, [first]) => {
  throw first;
};

// A crash of Postgres undoes rows and checkpoint together, and the log still has the events. But a right that a reader
// has seen taken away must not come back, so only events that give something need not wait for the disk.
const beginFor = (events: readonly Recorded[]): string =>
  events.every(onlyGives) ? 'begin; set local synchronous_commit = off' : 'begin';
