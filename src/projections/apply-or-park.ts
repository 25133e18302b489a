import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { retry } from '../async/retry.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { isFollowed } from '../eventstore/whole-commands.ts';
import type { Log } from '../postgres/log.ts';
import { transaction } from '../postgres/transaction.ts';
import { type Aside, applyBatch, type OnMisfits } from './apply.ts';
import { type Batch, moveCheckpoint, type Projection, rewriteCheckpoint } from './checkpoint.ts';
import { isEventFault, isNewer, isTimeOut } from './event-fault.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { appendToLogs, logEntries } from './issuer-logs/log-entries.ts';
import { reportUnlogged } from './issuer-logs/report-unlogged.ts';
import { noteLeftOut, parkStreams } from './parked.ts';
import { readModelTables } from './tables/tables.ts';

type Needs = {
  readonly pool: Pool;
  readonly projection: Projection;
  readonly log: Log;
  /** The time between two attempts at an event that cannot be projected. */
  readonly retryMs: number;
  /** By default no stream is set aside, however many rows an event changes. */
  readonly aside?: Aside;
};

/**
 * Applies a batch and skips events that cannot be projected. After three attempts it parks the stream of such an event,
 * from that event on, and applies everything else. Reports each event that has no place in the log of an issuer. Returns false
 * when another instance was faster. Throws an error that no event causes, because it may pass. Throws Unprojectable for an
 * event of a newer release, which it never parks. After an error the checkpoint may be anywhere in the batch.
 */
export const applyOrPark = (needs: Needs, batch: Batch): Promise<boolean> =>
  applyTogether(needs, batch).catch((error: unknown) => {
    if (!isTimeOut(error) || batch.events.length === 0) throw error;
    return applyApart(needs, batch);
  });

const applyTogether = (needs: Needs, batch: Batch): Promise<boolean> =>
  retry(
    (number) => (number < triesMax ? applyReporting(needs, batch) : applyParking(needs, batch)),
    (error, failures) => (failures < triesMax && isEventFault(error) ? needs.retryMs : null),
  );

const applyReporting = async (needs: Needs & { readonly onMisfits?: OnMisfits }, batch: Batch): Promise<boolean> => {
  const isApplied = await applyBatch(needs.pool, needs.projection, batch, needs);
  if (isApplied) reportUnlogged(needs.log, batch.events);
  return isApplied;
};

// The size of one tenant may make an event take too long. Applied alone, it delays the others only for its own
// attempts.
const applyApart = async (needs: Needs, { from, events, to }: Batch): Promise<boolean> => {
  const parts = byPosition(events);
  let reached = from;
  for (const [index, part] of parts.entries()) {
    const end = index === parts.length - 1 ? to : (part.at(-1)?.position ?? to);
    if (!(await applyAlone(needs, { from: reached, events: part, to: end }))) return false;
    reached = end;
  }
  return true;
};

const applyAlone = async (needs: Needs, batch: Batch): Promise<boolean> => {
  for (let tries = 1; ; tries++) {
    try {
      return await applyTogether(needs, batch);
    } catch (error) {
      if (!isTimeOut(error)) throw error;
      // This throws when something other than the event takes too long. The projector then waits and starts again.
      if (!(await canWrite(needs, batch.from))) return false;
      if (tries === triesMax) return parkOnly(needs, batch, error);
      await delay(needs.retryMs);
    }
  }
};

/** Writes the checkpoint and locks all tables, as every event needs. Returns false when another instance was faster. */
export const canWrite = (
  { pool, projection }: Pick<Needs, 'pool' | 'projection'>,
  from: Batch['from'],
): Promise<boolean> =>
  transaction(pool, 'begin', async (db) => {
    const tables = [logEntries.name, ...readModelTables.map(({ table }) => table.name)];
    await db.query(`lock table ${tables} in row exclusive mode`);
    return rewriteCheckpoint(db, projection, from);
  });

/**
 * Groups events by position and command. Events of one append may share the position, and readers see all events of a
 * command at once. So the checkpoint is before or after all of a group.
 */
const byPosition = (events: readonly Recorded[]): readonly (readonly Recorded[])[] => {
  const parts: Recorded[][] = [];
  for (const recorded of events) {
    const part = parts.at(-1);
    const last = part?.at(-1);
    if (last?.position.commit === recorded.position.commit || (last?.stream === recorded.stream && isFollowed(last)))
      part?.push(recorded);
    else parts.push([recorded]);
  }
  return parts;
};

const triesMax = 3;

const applyParking = async (needs: Needs, batch: Batch): Promise<boolean> => {
  const { projection, log } = needs;
  let parked: readonly Unprojectable[] = [];
  const onMisfits: OnMisfits = async (db, misfits) => {
    const newer = misfits.find(isNewer);
    if (newer !== undefined) throw newer;
    await parkStreams(db, projection, misfits);
    parked = misfits;
  };
  try {
    const applied = await applyReporting({ ...needs, onMisfits }, batch);
    reportParked(log, parked);
    return applied;
  } catch (error) {
    if (!isEventFault(error)) throw error;
    return byPosition(batch.events).length > 1 ? applyHalves(needs, batch) : parkOnly(needs, batch, error);
  }
};

// Postgres refuses the rows of a batch and does not say which event makes them. Halving the batch isolates the event.
const applyHalves = async (needs: Needs, { from, events, to }: Batch): Promise<boolean> => {
  const parts = byPosition(events);
  const half = parts.slice(0, Math.floor(parts.length / 2)).flat();
  const middle = half.at(-1)?.position ?? to;
  return (
    (await applyParking(needs, { from, events: half, to: middle })) &&
    applyParking(needs, { from: middle, events: events.slice(half.length), to })
  );
};

const parkOnly = async ({ pool, projection, log }: Needs, batch: Batch, error: unknown): Promise<boolean> => {
  const firsts = new Map(batch.events.toReversed().map((recorded) => [recorded.stream, recorded]));
  const misfits = [...firsts.values()].map((recorded) => new Unprojectable(recorded, error));
  const applied = await transaction(pool, 'begin', async (db) => {
    if ((await moveCheckpoint(db, projection, batch)) === null) return false;
    await appendToLogs(db, batch.events);
    await parkStreams(db, projection, misfits);
    await noteLeftOut(db, projection, batch.events);
    return true;
  });
  if (applied) {
    reportUnlogged(log, batch.events);
    reportParked(log, misfits);
  }
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
