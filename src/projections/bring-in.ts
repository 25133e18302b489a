import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { createWakeUp } from '../async/wake-up.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import type { Log } from '../postgres/log.ts';
import { transaction } from '../postgres/transaction.ts';
import { writeEvents } from './apply.ts';
import { announceProjected, type Checkpoint, holdCheckpoint, type Projection, readCheckpoint } from './checkpoint.ts';
import { isEventFault, isStatementTimeOut } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { listSetAside, lockSetAside, noteReplayedTo, parkStreams, unparkStream } from './parked.ts';
import { sweepInPages } from './tables/sweep.ts';

type Options = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector. One connection is used while a stream is brought in. */
  readonly pool: Pool;
  readonly projection: Projection;
  readonly log: Log;
};

export type BringingIn = {
  /** Says that a stream may have been set aside. */
  readonly wake: () => void;
  /** Resolves when the page in hand is written. Never fails. */
  readonly stop: () => Promise<void>;
};

/** Brings streams that are set aside into the rows, one after the other, those of an earlier process first. */
export const startBringingIn = (options: Options): BringingIn => {
  const { pool, projection, log } = options;
  const wakeUp = createWakeUp();
  const ending = new AbortController();
  const { signal } = ending;
  const run = async () => {
    while (!signal.aborted) {
      try {
        for (const stream of await listSetAside(pool, projection)) {
          if (signal.aborted) return;
          await bringIn(options, stream, signal);
        }
        await wakeUp.wait();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'A stream that changes many rows could not be brought in; it is tried again.');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const running = run();
  const stop = () => {
    ending.abort();
    wakeUp.wake();
    return running;
  };
  return { wake: wakeUp.wake, stop };
};

/**
 * Brings one stream in that is set aside, in a transaction of its own: other streams are projected meanwhile. Parks it
 * when an event does not fit. Throws what may pass; the stream is then still set aside.
 */
const bringIn = async (options: Options, stream: string, signal: AbortSignal): Promise<void> => {
  const { pool, projection, log } = options;
  try {
    await transaction(pool, begin, (db) => writeStream(db, options, stream, signal));
  } catch (error) {
    if (!isEventFault(error) && !isStatementTimeOut(error)) throw error;
    await transaction(pool, 'begin', (db) => parkInstead(db, options, stream, error));
    log.error({ err: error, stream, ...projection }, 'A stream that changes many rows is parked. See ledger parked.');
  }
};

const writeStream = async (
  db: PoolClient,
  { store, projection }: Options,
  stream: string,
  signal: AbortSignal,
): Promise<void> => {
  let next = (await lockSetAside(db, projection, stream)) ?? -1n;
  if (next < 0n) return;
  /** Writes what the projector has left out up to its checkpoint. Returns the first event that does not fit. */
  const writeUpTo = async ({ position }: Checkpoint): Promise<Unprojectable | undefined> => {
    for (;;) {
      signal.throwIfAborted();
      const { events } = await store.read(stream, next, pageMax);
      const due = events.filter((event) => position !== 'start' && event.position.commit <= position.commit);
      const [misfit] = await writeEvents(db, due, { sweep: sweepInPages });
      next += BigInt(due.length);
      if (misfit !== undefined || due.length < pageMax) return misfit;
    }
  };
  // The first time takes long, and much is left out meanwhile.
  let misfit = await writeUpTo(await readCheckpoint(db, projection));
  for (let before = -1n; misfit === undefined && next - before >= fewEvents; ) {
    before = next;
    misfit = await writeUpTo(await readCheckpoint(db, projection));
  }
  // From here on the projector waits, for what it has left out meanwhile.
  const checkpoint = await holdCheckpoint(db, projection);
  misfit ??= await writeUpTo(checkpoint);
  if (misfit !== undefined) {
    await parkStreams(db, projection, [misfit]);
    await noteReplayedTo(db, projection, misfit.recorded);
    return;
  }
  await unparkStream(db, projection, stream);
  if (checkpoint.position !== 'start') await announceProjected(db, projection, checkpoint.position);
};

const parkInstead = async (
  db: PoolClient,
  { store, projection }: Options,
  stream: string,
  error: unknown,
): Promise<void> => {
  const from = await lockSetAside(db, projection, stream);
  if (from === null) return;
  const [recorded] = (await store.read(stream, from, 1)).events;
  if (recorded === undefined) throw error;
  await parkStreams(db, projection, [new Unprojectable(recorded, error)]);
};

// Nobody waits for the long statement: this license is answered from its stream. A pool waits 15 s for an answer.
const begin = 'begin; set local statement_timeout = 14000';
const pageMax = 500;
const fewEvents = 50n;
const retryMs = 1_000;
