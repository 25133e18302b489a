import type { Pool, PoolClient } from 'pg';
import { createKeyedQueue, WaitedTooLong } from '../async/keyed-queue.ts';
import { poll } from '../async/retry.ts';
import { OutcomeUnknown } from '../eventstore/event-store.ts';
import { appendMsMax } from '../eventstore/executor/execute.ts';
import { newNonce } from '../eventstore/uuids.ts';
import { asTenant, becomeTenant } from '../postgres/tenant.ts';
import {
  continueTurn,
  endTurn,
  extendTurn,
  type TurnAttempt,
  type TurnPlace,
  takeTurn,
  turnSeconds,
} from '../records/turns.ts';

/** The turn of a command. */
export type Turn = {
  /**
   * Ends the turn in the transaction that does its last change, and continues it as the turn's organization. Throws
   * WaitedTooLong when another command may have had the turn since, or a later attempt at this one has it. The transaction
   * then changes nothing.
   */
  readonly end: (db: PoolClient) => Promise<void>;
  /**
   * Throws WaitedTooLong when the turn may end before an append that begins now. Call it where the command is decided,
   * because a command may wait long for its decision.
   */
  readonly check: () => void;
};

/**
 * Does `work` while no other command has the turn at the place, in this process and in all others. Nobody waits for a
 * turn with a connection, and the work may wait for the event store: the turn is extended every 5 seconds. A turn ends
 * with its work, or 80 seconds after the process has died or an append of unknown outcome was given up. A repeated
 * command has the turn of its first attempt immediately, and leaves it when it fails, because the append of that attempt
 * may still arrive. The earlier attempt then neither ends nor extends the turn. Throws WaitedTooLong after 10 seconds of
 * waiting; nothing was done. Take the turn before the first append. What follows the append is done by `afterAppend`.
 */
export const inTurn = <Result>(pool: Pool, place: TurnPlace, work: (turn: Turn) => Promise<Result>): Promise<Result> =>
  readInTurn(pool, place, async () => undefined, work);

/** Does work like `inTurn`. It gets what `read` reads as the organization, in the transaction that takes the turn. */
export const readInTurn = <Read, Result>(
  pool: Pool,
  place: TurnPlace,
  read: (db: PoolClient) => Promise<Read>,
  work: (turn: Turn, present: Read) => Promise<Result>,
): Promise<Result> => {
  const { organizationId, key } = place;
  const attempt: TurnAttempt = { ...place, attempt: newNonce() };
  const until = performance.now() + waitMaxMs;
  const takeBy = (how: (db: PoolClient) => Promise<'TAKEN' | 'CONTINUED' | null>) => {
    const takenMs = performance.now();
    const takeAndRead = async (db: PoolClient) => {
      const turn = await how(db);
      return turn === null ? null : { takenMs, isContinued: turn === 'CONTINUED', present: await read(db) };
    };
    return asTenant(pool, organizationId, takeAndRead, { readOnly: false });
  };
  type Taken = NonNullable<Awaited<ReturnType<typeof takeBy>>>;
  const workIn = (taken: Taken) => workAndEnd(pool, attempt, taken, (turn) => work(turn, taken.present));

  const queued = `${organizationId} ${key}`;
  const takeAndWork = async (): Promise<Result> => {
    polling.add(queued);
    const take = () => takeBy((db) => takeTurn(db, attempt));
    const taken = await poll(take, { everyMs: pollMs, forMs: until - performance.now() }).finally(() =>
      polling.delete(queued),
    );
    if (taken === null) throw busy();
    return workIn(taken);
  };
  const takeOrQueue = async (): Promise<Result> => {
    // The command that polls in this process may wait for the turn that an earlier attempt at this one has left.
    const again = polling.has(queued) ? await takeBy((db) => continueTurn(db, attempt)) : null;
    return again === null ? oneAfterAnother(queued, takeAndWork, waitMaxMs) : workIn(again);
  };
  return takeOrQueue();
};

/** Does work while nobody else has the turn at any of the places. Takes them in one order, so that nobody waits in a circle. */
export const inTurns = <Result>(
  pool: Pool,
  places: readonly TurnPlace[],
  work: (turns: readonly Turn[]) => Promise<Result>,
): Promise<Result> => {
  const [first, ...rest] = places.toSorted((a, b) =>
    `${a.organizationId} ${a.key}` < `${b.organizationId} ${b.key}` ? -1 : 1,
  );
  if (first === undefined) return work([]);
  return inTurn(pool, first, (turn) => inTurns(pool, rest, (turns) => work([turn, ...turns])));
};

const workAndEnd = async <Result>(
  pool: Pool,
  attempt: TurnAttempt,
  { takenMs, isContinued }: { readonly takenMs: number; readonly isContinued: boolean },
  work: (turn: Turn) => Promise<Result>,
): Promise<Result> => {
  const { organizationId } = attempt;
  const kept = keepTurn(pool, attempt, takenMs);
  let isEnded = false;
  const end = async (db: PoolClient): Promise<void> => {
    await becomeTenant(db, organizationId);
    if (!(await endTurn(db, attempt))) throw busy();
    isEnded = true;
  };
  // The result stands also when the turn cannot be ended now. It then ends by itself.
  const endLater = () =>
    asTenant(pool, organizationId, (db) => endTurn(db, attempt), { readOnly: false }).catch(() => undefined);
  try {
    const result = await work({ end, check: kept.check });
    kept.stop();
    if (!isEnded) await endLater();
    return result;
  } catch (error) {
    kept.stop();
    // The append of this attempt or of an earlier one may still arrive, and must find that nobody has decided meanwhile.
    if (isContinued || error instanceof OutcomeUnknown) await kept.extend();
    else await endLater();
    throw error;
  }
};

/** Extends a turn that was taken at `takenMs` of this process's monotonic clock, until `stop`. */
const keepTurn = (pool: Pool, attempt: TurnAttempt, takenMs: number) => {
  let heldUntilMs = takenMs + turnSeconds * 1_000;
  let isExtending = false;
  const extend = async (): Promise<void> => {
    if (isExtending) return;
    isExtending = true;
    const beganMs = performance.now();
    try {
      const isHeld = await asTenant(pool, attempt.organizationId, (db) => extendTurn(db, attempt), { readOnly: false });
      heldUntilMs = isHeld ? beganMs + turnSeconds * 1_000 : beganMs;
    } catch {
      // The next time tries again. Until then the turn ends as it would have, and `check` knows when.
    } finally {
      isExtending = false;
    }
  };
  const timer = setInterval(extend, extendEveryMs).unref();
  const check = (): void => {
    if (performance.now() + appendMsMax + marginMs > heldUntilMs) throw busy();
  };
  return { extend, check, stop: () => clearInterval(timer) };
};

const busy = () => new WaitedTooLong('Other requests change the same at this moment. Nothing was changed. Try again.');

const oneAfterAnother = createKeyedQueue();
/** The places for which a command of this process polls. */
const polling = new Set<string>();
const waitMaxMs = 10_000;
const pollMs = 50;
/** How often a working process extends its turn, in milliseconds. */
export const extendEveryMs = 5_000;
// For the scheduling of this process between the check and the append.
const marginMs = 2_000;
