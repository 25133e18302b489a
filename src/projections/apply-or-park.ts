import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { applyBatch, type Batch } from './apply.ts';
import { moveCheckpoint, type Projection } from './checkpoint.ts';
import { isEventFault, isNewer } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import type { Log } from './log.ts';
import { noteLeftOut, parkStreams } from './parked.ts';
import { transaction } from './transaction.ts';

type Needs = {
  readonly pool: Pool;
  readonly projection: Projection;
  readonly log: Log;
  /** Between two tries of what failed through an event. */
  readonly retryMs: number;
};

/**
 * Brings a batch into the read models, around events that cannot be: after three tries the stream of such an event is
 * parked from there on, and everything else goes on. False: another instance was faster. Throws what is no event's fault
 * and may pass, and Unprojectable for an event of a newer release, which is never parked; the checkpoint is then somewhere
 * between the ends of the batch.
 */
export const applyOrPark = async (needs: Needs, batch: Batch): Promise<boolean> => {
  for (let tries = 1; tries < triesMax; tries++) {
    try {
      return await applyBatch(needs.pool, needs.projection, batch);
    } catch (error) {
      if (!isEventFault(error)) throw error;
      await delay(needs.retryMs);
    }
  }
  return applyParking(needs, batch);
};

const triesMax = 3;

const applyParking = async (needs: Needs, batch: Batch): Promise<boolean> => {
  const { pool, projection, log } = needs;
  let parked: readonly Unprojectable[] = [];
  try {
    const applied = await applyBatch(pool, projection, batch, async (db, misfits) => {
      const newer = misfits.find(isNewer);
      if (newer !== undefined) throw newer;
      await parkStreams(db, projection, misfits);
      parked = misfits;
    });
    reportParked(log, parked);
    return applied;
  } catch (error) {
    if (!isEventFault(error)) throw error;
    return batch.events.length > 1 ? applyHalves(needs, batch) : parkOnly(needs, batch, error);
  }
};

// Postgres refuses the rows of a batch and does not say which event makes them: halving finds it.
const applyHalves = async (needs: Needs, { from, events, to }: Batch): Promise<boolean> => {
  const half = Math.floor(events.length / 2);
  const middle = events[half - 1]?.position ?? to;
  return (
    (await applyParking(needs, { from, events: events.slice(0, half), to: middle })) &&
    applyParking(needs, { from: middle, events: events.slice(half), to })
  );
};

const parkOnly = async ({ pool, projection, log }: Needs, batch: Batch, error: unknown): Promise<boolean> => {
  const misfits = batch.events.map((recorded) => new Unprojectable(recorded, error));
  const applied = await transaction(pool, 'begin', async (db) => {
    if ((await moveCheckpoint(db, projection, batch.from, batch.to, batch.events[0] ?? null)) === null) return false;
    await parkStreams(db, projection, misfits);
    await noteLeftOut(db, projection, batch.events);
    return true;
  });
  if (applied) reportParked(log, misfits);
  return applied;
};

const reportParked = (log: Log, misfits: readonly Unprojectable[]): void => {
  for (const misfit of misfits) {
    const { stream, revision } = misfit.recorded;
    log.error(
      { err: misfit, stream, revision: `${revision}` },
      'An event cannot be projected: its stream is parked, so what is read of it grows old. See ledger parked.',
    );
  }
};
