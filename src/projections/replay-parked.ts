import type { Pool, PoolClient } from 'pg';
import { mayWaitWithConnection } from '../async/connection-watch.ts';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import { transaction } from '../postgres/transaction.ts';
import { writeEvents } from './apply.ts';
import { announceProjected, holdCheckpoint, type Projection } from './checkpoint.ts';
import { isEventFault, isStatementTimeOut } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { isParked, isSetAside, noteReplayedTo, parkStreams, unparkStream } from './parked.ts';

type Options = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector. */
  readonly pool: Pool;
  readonly projection: Projection;
  /** How many events a transaction applies. The projector waits during a transaction. */
  readonly pageMax?: number;
  /** How long a statement may take. No events are projected meanwhile. Default: the setting of the pool. */
  readonly statementMs?: number;
};

/**
 * `replayed`: the rows of the stream are at the checkpoint again. `parked`: an event still does not fit, as `error`
 * says.
 */
export type Replay =
  | { readonly outcome: 'replayed' | 'not_parked' | 'set_aside' }
  | { readonly outcome: 'parked'; readonly error: string };

/**
 * Applies the events of a parked stream to its rows, in order, up to the checkpoint. The projector goes on from there.
 * Holds the checkpoint meanwhile, so that a running projector neither skips an event nor applies it twice. Keeps the
 * events that fit when a later one still does not.
 */
export const replayParked = async (
  { store, pool, projection, pageMax = 500, statementMs }: Options,
  stream: string,
): Promise<Replay> => {
  const begin = statementMs === undefined ? 'begin' : `begin; set local statement_timeout = ${statementMs}`;
  if (!(await isParked(pool, projection, stream))) return { outcome: 'not_parked' };
  if (await isSetAside(pool, projection, stream)) return { outcome: 'set_aside' };
  // It reads from the first revision, because rows may lack earlier events too. A row skips events that it contains.
  let next = 0n;
  let size = pageMax;
  for (;;) {
    // This reads before it holds the checkpoint, so that the projector does not wait for the store.
    const { events } = await store.read(stream, next, size);
    const page = { stream, from: next, size, events };
    try {
      const done = await transaction(pool, begin, (db) => replayPage(db, store, projection, page));
      if (typeof done !== 'bigint') return done;
      next = done;
    } catch (error) {
      if (!isEventFault(error) && !isStatementTimeOut(error)) throw error;
      // Postgres refuses rows and does not say which event makes them. Applying one event at a time isolates it.
      if (size === 1) return parkAgain({ store, pool, projection }, stream, next, error);
      size = 1;
    }
  }
};

type Page = {
  readonly stream: string;
  readonly from: bigint;
  readonly size: number;
  readonly events: readonly Recorded[];
};

/** Returns the revision from which on there is more to replay, or the outcome when there is no more. */
const replayPage = async (
  db: PoolClient,
  store: Options['store'],
  projection: Projection,
  { stream, from, size, events }: Page,
): Promise<Replay | bigint> => {
  const { position } = await holdCheckpoint(db, projection);
  if (!(await isParked(db, projection, stream))) return { outcome: 'not_parked' };
  // The projector may have left out events that were appended since the page was read. From now on it cannot.
  const next = from + BigInt(events.length);
  const isLast = events.length < size;
  const since = isLast ? (await mayWaitWithConnection(() => store.read(stream, next, size))).events : [];
  const read = [...events, ...since];
  const due = read.filter((event) => position !== 'start' && event.position.commit <= position.commit);
  const [misfit] = await writeEvents(db, due, { sentMax: 1 });
  if (misfit !== undefined) {
    await parkStreams(db, projection, [misfit]);
    await noteReplayedTo(db, projection, misfit.recorded);
    return { outcome: 'parked', error: misfit.message };
  }
  const isEnd = since.length < size && events.length < size;
  if (!isEnd && due.length === read.length) return next + BigInt(since.length);
  await unparkStream(db, projection, stream);
  if (position !== 'start') await announceProjected(db, projection, position);
  return { outcome: 'replayed' };
};

const parkAgain = async (
  { store, pool, projection }: Options,
  stream: string,
  revision: bigint,
  error: unknown,
): Promise<Replay> => {
  const [recorded] = (await store.read(stream, revision, 1)).events;
  if (recorded === undefined) throw error;
  const misfit = new Unprojectable(recorded, error);
  await transaction(pool, 'begin', async (db) => {
    await holdCheckpoint(db, projection);
    if (!(await isParked(db, projection, stream))) return;
    await parkStreams(db, projection, [misfit]);
    await noteReplayedTo(db, projection, recorded);
  });
  return { outcome: 'parked', error: misfit.message };
};
