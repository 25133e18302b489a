import pg from 'pg';
import {
  awaitLog,
  awaitOther,
  closeLog,
  completeMove,
  openLog,
  readLogState,
  reopenLog,
} from '../../eventstore/copy/log-state.ts';
import { silentSeconds } from '../../records/processes.ts';
import { adoptLog } from '../../records/served-log.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
import { type Copied, copyAndCompare, type End, type Ends, lastOf, requireSameEnd } from './copy-ends.ts';

type Move = Ends & {
  /** The login that migrates. */
  readonly databaseUrl: string;
  /** Builds the read models from the log of the target, and drops those of the source. */
  readonly rebuild: () => Promise<void>;
};

/**
 * Moves the log. It copies and compares first, so that a target that cannot take the log closes nothing. Then it closes
 * the source, copies the rest, builds the read models from the target, because their positions are those of the source, and
 * opens the target. A call that was interrupted is continued by the next one with the same ends. Throws RefusedByPolicy
 * while a process runs.
 */
export const switchLog = async (move: Move): Promise<Copied> => {
  const { source, target, databaseUrl } = move;
  await refuseRunningProcesses(databaseUrl);
  const id = await awaitLog(target.store, new Date().toISOString());
  const first = await copyAndCompare(move);
  await refuseRunningProcesses(databaseUrl);
  // From here on no process starts on the source, and a process that runs ends with its next sign of life.
  await closeLog(source.store, id, new Date().toISOString());
  const rest = await copyAndCompare(move);
  await withDatabase(databaseUrl, (client) => adoptLog(client, id));
  await move.rebuild();
  // A process that was starting at the first moment shows itself by now.
  await refuseRunningProcesses(databaseUrl);
  await requireSameEnd(move);
  const state = await readLogState(source.store);
  if (state.kind !== 'MOVED' || state.movedTo !== id)
    throw new RefusedByPolicy('Somebody has ended this move, or begun another one. Nothing was opened.');
  await openLog(target.store, id, new Date().toISOString());
  await completeMove(source.store, new Date().toISOString());
  return { ...rest, copied: first.copied + rest.copied };
};

type Abort = { readonly source: End; readonly target: End | null; readonly refuseProcesses: () => Promise<void> };

/**
 * Ends a move that cannot be completed: the source serves its log again. The target, when there is one, waits for another
 * log then, so that nobody completes the move. It also opens a store that waits for a log and has no event. Throws
 * RefusedByPolicy when the move is complete, or a process runs.
 */
export const abortMove = async ({ source, target, refuseProcesses }: Abort): Promise<void> => {
  const state = await readLogState(source.store);
  if (state.kind === 'OPEN' || (state.kind === 'AWAITED' && (await lastOf(source)) !== null))
    throw new RefusedByPolicy('The log of this store has not moved, so there is nothing to end.');
  if (state.kind === 'RESTORING')
    throw new RefusedByPolicy('The log of this store is restored from a backup. Complete that: ledger restore.');
  if (state.kind === 'MOVED' && state.isComplete)
    throw new RefusedByPolicy(
      'The move is complete. Move the log back: ledger copy --from <the other store> --switch.',
    );
  await refuseProcesses();
  if (state.kind === 'MOVED' && target !== null) {
    const other = await readLogState(target.store);
    if (other.kind !== 'AWAITED')
      throw new RefusedByPolicy('The target does not wait for a log: the move is complete, or this is another store.');
    if (other.id === state.movedTo) await awaitOther(target.store, new Date().toISOString());
  }
  await reopenLog(source.store, new Date().toISOString());
};

/** Throws RefusedByPolicy while a process of the product shows signs of life. */
export const refuseRunningProcesses = async (databaseUrl: string): Promise<void> => {
  const rows = await withDatabase(databaseUrl, runningProcesses);
  if (rows.length === 0) return;
  const names = rows.map(({ host, pid }) => `${pid} on ${host}`).join(', ');
  throw new RefusedByPolicy(
    `Processes of License Ledger run: ${names}. Stop them and repeat. A process that was killed counts for ${silentSeconds} seconds.`,
  );
};

const runningProcesses = async (client: pg.Client): Promise<readonly { host: string; pid: number }[]> => {
  // A migration that was killed has not created it yet. Then no process can have served.
  const { rows: tables } = await client.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'ops' and c.relname = 'processes'`,
  );
  if (tables.length === 0) return [];
  await client.query('set role ledger_projector');
  const { rows } = await client.query<{ host: string; pid: number }>(
    'select host, pid from ops.processes where seen_at > clock_timestamp() - make_interval(secs => $1) order by host, pid',
    [silentSeconds],
  );
  return rows;
};

const withDatabase = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client(url);
  // The query fails and says more. Without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
