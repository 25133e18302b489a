import pg from 'pg';
import { awaitLog, closeLog, openLog, readLogState } from '../../eventstore/copy/log-state.ts';
import { silentSeconds } from '../../records/processes.ts';
import { adoptLog } from '../../records/served-log.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
import { type Copied, copyAndCompare, type End, type Ends, requireSameEnd } from './copy-ends.ts';

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
  await openLog(target.store, id, new Date().toISOString());
  return { ...rest, copied: first.copied + rest.copied };
};

/**
 * Ends a move that cannot be completed: the source serves its log again. The target, when there is one, is told to wait for
 * another log, so that nobody completes the move. Throws RefusedByPolicy when the move is complete.
 */
export const abortMove = async (source: End, target: End | null): Promise<void> => {
  const state = await readLogState(source.store);
  if (state.kind !== 'MOVED')
    throw new RefusedByPolicy('The log of the source has not moved, so there is nothing to end.');
  if (target !== null) {
    const other = await readLogState(target.store);
    if (other.kind === 'OPEN' && other.id === state.movedTo)
      throw new RefusedByPolicy(
        'The move is complete: the target serves the log. Move it back with --from <target> --switch.',
      );
    if (other.kind === 'AWAITED' && other.id === state.movedTo)
      await closeLog(target.store, 'aborted', new Date().toISOString());
  }
  await openLog(source.store, state.id, new Date().toISOString());
};

const refuseRunningProcesses = async (databaseUrl: string): Promise<void> => {
  const rows = await withDatabase(databaseUrl, runningProcesses);
  if (rows.length === 0) return;
  const names = rows.map(({ host, pid }) => `${pid} on ${host}`).join(', ');
  throw new RefusedByPolicy(
    `Processes of License Ledger run: ${names}. Stop them and repeat. A process that was killed counts for ${silentSeconds} seconds.`,
  );
};

const runningProcesses = async (client: pg.Client): Promise<readonly { host: string; pid: number }[]> => {
  await client.query('set role ledger_projector');
  const { rows } = await client.query<{ host: string; pid: number }>(
    'select host, pid from ops.processes where seen_at > clock_timestamp() - make_interval(secs => $1) order by host, pid',
    [silentSeconds],
  );
  return rows;
};

const withDatabase = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
