import type { Pool } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { transaction } from '../../postgres/transaction.ts';
import { moveCheckpoint, type Projection } from '../checkpoint.ts';
import { noteLeftOut, parkStreams } from '../parked.ts';
import { createFastFold, type LeftOut } from './fold-fast.ts';
import { openTail } from './tail.ts';

type Needs = {
  readonly store: EventStore;
  /** As ledger_owner, with the schema of the empty tables; see bulk-load.ts. */
  readonly loading: Pool;
  readonly signal: AbortSignal;
  /** Called with the events of each part once they are folded, and the position that they reach. */
  readonly onFolded: (events: readonly Recorded[], to: Position) => void;
};

/** A log that is folded. `to`: how far. `last`: its last event, if any. */
export type Folded = { readonly to: Position; readonly last: readonly Recorded[]; readonly leftOut: LeftOut };

/**
 * Folds the log, from its start to its current end, into empty tables. The tables are incomplete until it returns.
 * Leaves a stream out from an event on that does not fit. Returns null when the log is empty. Throws what Postgres
 * refuses, and Unprojectable for an event of a newer release.
 */
export const foldLog = async ({ store, loading, signal, onFolded }: Needs): Promise<Folded | null> => {
  const end = await store.head({ timeoutMs: answerMs });
  if (end === null) return null;
  const fold = createFastFold(loading);
  let last: readonly Recorded[] = [];
  const tail = openTail({ store, from: 'start', signal }, async ({ events, to }) => {
    await fold.add(events);
    if (events.length > 0) last = events.slice(-1);
    onFolded(events, to);
  });
  try {
    let to = tail.position();
    while (to === 'start' || to.commit < end.commit) {
      if (await tail.arrived(waitMs)) await tail.take();
      to = tail.position();
    }
    await fold.finish();
    return { to, last, leftOut: fold.leftOut() };
  } finally {
    tail.close();
  }
};

/**
 * Sets the checkpoint of the tables to where the log is folded, and parks the streams that were left out. `pool`: as
 * ledger_projector, with the schema of the tables. Throws when the checkpoint is not at the start of the log.
 */
export const noteFolded = async (pool: Pool, projection: Projection, { to, last, leftOut }: Folded): Promise<void> => {
  const isMoved = await transaction(pool, 'begin', async (db) => {
    if ((await moveCheckpoint(db, projection, { from: 'start', events: last, to })) === null) return false;
    await parkStreams(db, projection, leftOut.misfits);
    await noteLeftOut(db, projection, leftOut.events);
    return true;
  });
  if (!isMoved) throw new Error(`Version ${projection.version} of the read models is not empty, or was dropped.`);
};

const answerMs = 10_000;
const waitMs = 1_000;
