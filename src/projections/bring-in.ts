import type { Pool, PoolClient } from 'pg';
import { mayWaitWithConnection } from '../async/connection-watch.ts';
import { createWakeUp } from '../async/wake-up.ts';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import type { Log } from '../postgres/log.ts';
import { transaction } from '../postgres/transaction.ts';
import { writeEvents } from './apply.ts';
import { canWrite } from './apply-or-park.ts';
import {
  announceProjected,
  type Checkpoint,
  CheckpointHeld,
  holdCheckpoint,
  type Projection,
  readCheckpoint,
} from './checkpoint.ts';
import { isEventFault, isNewer, isStatementTimeOut } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { TooManyRows } from './fold/fold-event.ts';
import { OtherRelease, projectionFor } from './level.ts';
import { listSetAside, lockSetAside, noteReplayedTo, parkStreams, setAside, unparkStream } from './parked.ts';
import type { Release } from './release.ts';
import { sweepInPages } from './tables/sweep.ts';

type Options = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector. Bringing a stream in uses one connection. */
  readonly pool: Pool;
  readonly release: Release;
  readonly log: Log;
  /** Stops it after the current page, and rolls back the current stream. */
  readonly signal: AbortSignal;
};

export type BringingIn = {
  /** Tells it that a stream was set aside. */
  readonly wake: () => void;
  /** Resolves after the signal is aborted. Never rejects. */
  readonly done: Promise<void>;
};

/**
 * Brings the streams that any projector has set aside into the rows of the serving version, one after the other. Any
 * number of processes may run it, and only one of them brings a stream in.
 */
export const startBringingIn = (options: Options): BringingIn => {
  const { signal, log } = options;
  const wakeUp = createWakeUp();
  signal.addEventListener('abort', wakeUp.wake, { once: true });
  const failures = new Map<string, number>();
  const run = async () => {
    while (!signal.aborted) {
      await bringAllIn(options, failures).catch((error: unknown) => {
        if (!signal.aborted && !(error instanceof OtherRelease))
          log.warn({ err: error }, 'The streams that change many rows could not be read. They are tried again.');
      });
      await wakeUp.wait(failures.size > 0 ? retryMs : readAgainMs);
    }
  };
  return { wake: wakeUp.wake, done: run() };
};

const bringAllIn = async (options: Options, failures: Map<string, number>): Promise<void> => {
  const { pool, release, log, signal } = options;
  const projection = await projectionFor(pool, release);
  for (const stream of await listSetAside(pool, projection)) {
    if (signal.aborted) return;
    try {
      const result = await transaction(pool, begin, (db) => writeStream(db, { ...options, projection }, stream));
      failures.delete(stream);
      logResult(log, stream, result);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, stream }, 'A stream that changes many rows could not be brought in. It is tried again.');
      if (!(await isStreamFault({ ...options, projection }, error))) continue;
      failures.set(stream, (failures.get(stream) ?? 0) + 1);
      if ((failures.get(stream) ?? 0) < triesMax) continue;
      failures.delete(stream);
      await park({ ...options, projection }, stream, error);
    }
  }
};

/** Returns true when the stream causes the error. Returns false when nobody can write to the server at the moment. */
const isStreamFault = async ({ pool, projection }: Needs, error: unknown): Promise<boolean> => {
  if (isEventFault(error)) return true;
  if (!isStatementTimeOut(error)) return false;
  const { position } = await readCheckpoint(pool, projection);
  return canWrite({ pool, projection }, position).catch(() => false);
};

type Needs = Options & { readonly projection: Projection };

/** Null: another process brings the stream in. `misfit`: the event from which on it is left out. */
type Result = { readonly events: bigint } | { readonly misfit: Unprojectable } | null;

const writeStream = async (db: PoolClient, needs: Needs, stream: string): Promise<Result> => {
  const { store, projection, signal } = needs;
  const from = await lockSetAside(db, projection, stream);
  if (from === null) return null;
  let next = from;
  const readUpTo = async ({ position }: Checkpoint): Promise<readonly Recorded[]> => {
    signal.throwIfAborted();
    const { events } = await mayWaitWithConnection(() => store.read(stream, next, pageMax));
    return events.filter((event) => position !== 'start' && event.position.commit <= position.commit);
  };
  for (;;) {
    const events = await readUpTo(await readCheckpoint(db, projection));
    const [misfit] = await writeEvents(db, events, { sweep: sweepInPages(signal), sentMax: 1 });
    if (misfit !== undefined) return leaveOut(db, projection, misfit);
    next += BigInt(events.length);
    if (events.length > fewEvents) continue;

    // The projector waits from here to the commit, while this writes the few events that it has left out meanwhile.
    await db.query('savepoint unheld');
    const checkpoint = await holdCheckpoint(db, projection).catch(unlessHeld);
    const rest = checkpoint === null ? [] : await readUpTo(checkpoint);
    const [large] = rest.length > fewEvents ? [] : await writeEvents(db, rest, { rowsMax: fewRows, sentMax: 1 });
    if (checkpoint !== null && rest.length <= fewEvents && !(large?.cause instanceof TooManyRows)) {
      if (large !== undefined) return leaveOut(db, projection, large);
      next += BigInt(rest.length);
      if (next === from) throw new Error(`The event store returns no event ${from} of ${stream}.`);
      await unparkStream(db, projection, stream);
      if (checkpoint.position !== 'start') await announceProjected(db, projection, checkpoint.position);
      return { events: next - from };
    }
    await db.query('rollback to savepoint unheld');
  }
};

/** Leaves a stream out from this event on. The stream stays set aside when a newer release wrote the event. */
const leaveOut = async (db: PoolClient, projection: Projection, misfit: Unprojectable): Promise<Result> => {
  await holdCheckpoint(db, projection);
  await (isNewer(misfit) ? setAside : parkStreams)(db, projection, [misfit]);
  await noteReplayedTo(db, projection, misfit.recorded);
  return { misfit };
};

// Called after the commit, because a failed commit changes nothing.
const logResult = (log: Log, stream: string, result: Result): void => {
  if (result === null) return;
  if ('events' in result) log.info({ stream, events: `${result.events}` }, broughtInSentence);
  else if (!isNewer(result.misfit)) log.error({ err: result.misfit, stream }, parkedSentence);
};

const park = async ({ pool, store, projection, log }: Needs, stream: string, error: unknown): Promise<void> => {
  const isParked = await transaction(pool, 'begin', async (db) => {
    const from = await lockSetAside(db, projection, stream);
    if (from === null) return false;
    const [recorded] = (await mayWaitWithConnection(() => store.read(stream, from, 1))).events;
    if (recorded === undefined) throw error;
    await parkStreams(db, projection, [new Unprojectable(recorded, error)]);
    return true;
  });
  if (isParked) log.error({ err: error, stream }, parkedSentence);
};

const unlessHeld = (error: unknown): null => {
  if (error instanceof CheckpointHeld) return null;
  throw error;
};

const broughtInSentence = 'A stream that changes many rows was brought in.';
const parkedSentence = 'A stream that changes many rows cannot be brought in and is parked. See ledger parked.';

// Nobody waits for the long statement, because readers get this license from its stream. A pool waits 15 s for an
// answer, so only one statement may be sent at a time.
const begin = 'begin; set local statement_timeout = 14000';
const pageMax = 500;
const fewEvents = 50;
const fewRows = 1_000;
const triesMax = 3;
const retryMs = 1_000;
// Another process may have set a stream aside and ended.
const readAgainMs = 5_000;
