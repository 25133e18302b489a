import type { Pool } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { applyOrPark } from '../apply-or-park.ts';
import { type Projection, readCheckpoint } from '../checkpoint.ts';
import { activeProjection } from '../versions.ts';
import { openTail, type Tail } from './tail.ts';

/** A version that does not serve. `pool`: as ledger_projector, with its schema. `from`: its checkpoint. */
type Followed = { readonly pool: Pool; readonly projection: Projection; readonly from: Position | 'start' };

/**
 * Follows the log into the tables of a version that does not serve. Parks a stream from an event on that cannot be
 * projected, as the projector does. Throws Unprojectable for an event of a newer release.
 */
export const followVersion = (
  { store, log, signal }: { readonly store: EventStore; readonly log: Log; readonly signal: AbortSignal },
  { pool, projection, from }: Followed,
  onApplied: (events: readonly Recorded[]) => void = () => undefined,
): Tail =>
  openTail({ store, from, signal }, async (part) => {
    if (!(await applyOrPark({ pool, projection, log, retryMs }, part)))
      throw new Error(`Something else writes to version ${projection.version} of the read models, or dropped it.`);
    onApplied(part.events);
  });

/**
 * Follows until the version has kept up for `settleMs`. It keeps up while it is never behind the place where the log,
 * or the serving version, was a tenth of that time earlier.
 */
export const keepUp = async (
  { store, serving, tail, settleMs }: { store: EventStore; serving: Pool; tail: Tail; settleMs: number },
  onStep: () => void,
): Promise<void> => {
  let goal = await nearestEnd(store, serving);
  let keptUpSince = performance.now();
  let comparedAt = keptUpSince;
  for (;;) {
    if (await tail.arrived(stepMs)) await tail.take();
    onStep();
    const now = performance.now();
    if (now - comparedAt < settleMs / 10) continue;
    if (isBehind(tail, goal)) keptUpSince = now;
    else if (now - keptUpSince >= settleMs) return;
    goal = await nearestEnd(store, serving);
    comparedAt = now;
  }
};

/** Brings a version up to a position, or to the end of the log when a restored log ends earlier. */
export const reachIn =
  (store: EventStore, tail: Tail) =>
  async (goal: Position): Promise<void> => {
    const head = await store.head({ timeoutMs: answerMs });
    if (head !== null) await tail.reach(head.commit < goal.commit ? head : goal);
  };

// The earlier one of the two: where the log ends, and where the serving version is.
const nearestEnd = async (store: EventStore, serving: Pool): Promise<bigint> => {
  const head = await store.head({ timeoutMs: answerMs });
  const { position } = await readCheckpoint(serving, await activeProjection(serving));
  const [log, rows] = [head?.commit ?? 0n, position === 'start' ? 0n : position.commit];
  return log < rows ? log : rows;
};

const isBehind = (tail: Tail, goal: bigint): boolean => {
  const position = tail.position();
  return (position === 'start' ? 0n : position.commit) < goal;
};

const retryMs = 100;
const stepMs = 100;
const answerMs = 10_000;
