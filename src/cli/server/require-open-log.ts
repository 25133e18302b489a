import pg, { type Pool } from 'pg';
import { type LogState, readLogState } from '../../eventstore/copy/log-state.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { isAdopted, isLogOfDatabase } from '../../records/served-log.ts';
import { RefusedByPolicy } from '../exit-codes.ts';

/**
 * Returns the id of the log that a store serves, or null for the first one. Throws RefusedByPolicy when the log has moved to
 * another store or was only copied here, because what a process appends here would be lost.
 */
export const servedLog = async (store: Pick<EventStore, 'readBackwards'>): Promise<string | null> => {
  const state = await readLogState(store);
  if (state.kind !== 'OPEN') throw new RefusedByPolicy(closedSentence(state));
  return state.id;
};

/**
 * Throws RefusedByPolicy when the positions in the database are of another log than the event store has, as after a restore
 * of Postgres from before a move.
 */
export const requireLogOfDatabase = async (pool: Pool, logId: string | null): Promise<void> => {
  if (!(await isLogOfDatabase(pool, logId)))
    throw new RefusedByPolicy(
      'The database was last used with another log than that of the event store. Correct EVENTSTORE_URL or DATABASE_URL, or build the read models from this log: ledger rebuild --force.',
    );
};

/** Returns true when the positions in the database are of this log, or of none. `databaseUrl`: the login that migrates. */
export const isAdoptedBy = async (databaseUrl: string, logId: string | null): Promise<boolean> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: answerMsMax,
    query_timeout: answerMsMax,
  });
  // The query fails and says more. Without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return isAdopted(client, logId).finally(() => client.end().catch(() => undefined));
};

// A lost Postgres may never answer.
const answerMsMax = 30_000;

/** Returns the refusal of a command for read models of another log than the event store has. */
export const otherLog = (): RefusedByPolicy =>
  new RefusedByPolicy(
    'The read models are of another log than that of the event store. Build them from it: ledger rebuild --force.',
  );

/** Watches whether a store still serves this log. `closed` resolves with a sentence when it does not any longer. */
export const watchServedLog = (
  store: Pick<EventStore, 'readBackwards'>,
  { logId, everyMs = 15_000 }: { readonly logId: string | null; readonly everyMs?: number },
): { readonly closed: Promise<string>; readonly stop: () => void } => {
  let stop = () => {};
  const closed = new Promise<string>((resolve) => {
    const check = async () => {
      const state = await readLogState(store);
      if (state.kind !== 'OPEN') resolve(closedSentence(state));
      else if (state.id !== logId) resolve('The log has moved away and back. Start this process again.');
    };
    // A store that does not answer is noticed elsewhere.
    const timer = setInterval(() => void check().catch(() => undefined), everyMs);
    timer.unref();
    stop = () => clearInterval(timer);
  });
  return { closed, stop };
};

const closedSentence = ({ kind, at }: LogState): string => {
  const since = at === null ? '' : ` since ${at}`;
  if (kind === 'RESTORING')
    return `The log of this event store is restored from a backup${since}, and the rest of the backup is not. Complete it: ledger restore --from <that backup>.`;
  return kind === 'AWAITED'
    ? `This event store has only a copy of a log${since}. Set EVENTSTORE_URL to the store that has the log, or move it here: ledger copy --from <that store> --switch.`
    : `The log of this event store has moved to another one${since}. Set EVENTSTORE_URL to that, or move the log back: ledger copy --from <that store> --switch.`;
};
