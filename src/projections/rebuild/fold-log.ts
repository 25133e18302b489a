import type { Pool } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { transaction } from '../../postgres/transaction.ts';
import { type Batch, moveCheckpoint, type Projection } from '../checkpoint.ts';
import { noteLeftOut, parkStreams } from '../parked.ts';
import { createFastFold } from './fold-fast.ts';
import { openTail } from './tail.ts';

type Needs = {
  readonly store: EventStore;
  /** As ledger_projector and as ledger_owner, both with the schema of the empty tables; see bulk-load.ts. */
  readonly pools: { readonly next: Pool; readonly loading: Pool };
  readonly projection: Projection;
  readonly signal: AbortSignal;
  /** Called with the events of each part once they are folded, and the position that they reach. */
  readonly onFolded: (events: readonly Recorded[], to: Position) => void;
};

/**
 * Folds the log, from its start to its current end, into empty tables and sets their checkpoint there. The tables are
 * incomplete until it returns. Parks a stream from an event on that does not fit. Throws what Postgres refuses, and
 * Unprojectable for an event of a newer release.
 */
export const foldLog = async ({ store, pools, projection, signal, onFolded }: Needs): Promise<void> => {
  const end = await store.head({ timeoutMs: answerMs });
  if (end === null) return;
  const fold = createFastFold(pools.loading);
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
    const folded: Batch = { from: 'start', events: last, to };
    const { misfits, events } = fold.leftOut();
    const isMoved = await transaction(pools.next, 'begin', async (db) => {
      if ((await moveCheckpoint(db, projection, folded)) === null) return false;
      await parkStreams(db, projection, misfits);
      await noteLeftOut(db, projection, events);
      return true;
    });
    if (!isMoved) throw new Error(`Version ${projection.version} of the read models is not empty, or was dropped.`);
  } finally {
    tail.close();
  }
};

const answerMs = 10_000;
const waitMs = 1_000;
