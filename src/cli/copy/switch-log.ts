import pg from 'pg';
import type { LogComparison } from '../../eventstore/copy/compare-logs.ts';
import { closeLog, openLog, readLogState } from '../../eventstore/copy/log-state.ts';
import type { ConnectedStore } from '../../eventstore/eventstoredb.ts';
import type { LogReader } from '../../eventstore/read-log.ts';
import { silentSeconds } from '../../records/processes.ts';
import { CommandEnded, exitCodes, RefusedByPolicy } from '../exit-codes.ts';

/** A store at one end of a copy. */
export type End = { readonly url: string; readonly store: ConnectedStore; readonly reader: LogReader };

/** How many events were copied by this call, and the comparison of both logs after it. */
export type Copied = LogComparison & { readonly copied: number };

type Move = {
  readonly source: End;
  readonly target: End;
  /** The login that migrates. */
  readonly databaseUrl: string;
  readonly copy: () => Promise<Copied>;
  /** Builds the read models from the log of the target, and drops those of the source. */
  readonly rebuild: () => Promise<void>;
};

/**
 * Moves the log: closes it in the source, copies the rest, compares, builds the read models again, because their positions
 * are those of the source, and opens the log in the target. A call that was interrupted is continued by the next one. Throws RefusedByPolicy while a process runs.
 */
export const switchLog = async ({ source, target, databaseUrl, copy, rebuild }: Move): Promise<Copied> => {
  await refuseRunningProcesses(databaseUrl);
  const isMoved = (await readLogState(target.store)).id;
  const before = await readLogState(source.store);
  if (before.movedTo === null && before.id !== null && before.id === isMoved)
    throw new CommandEnded(exitCodes.refused, 'Both stores have the same log already, and the source is not closed.');
  // From here on no process starts on the source. What was appended until then is copied below.
  const id = await closeLog(source.store, new Date().toISOString());
  await refuseRunningProcesses(databaseUrl);
  const copied = await copy();
  // A process that was starting at the first moment shows itself by now. What it appended is copied by the next call.
  await refuseRunningProcesses(databaseUrl);
  await forgetPositions(databaseUrl);
  await rebuild();
  await openLog(target.store, id, new Date().toISOString());
  return copied;
};

const refuseRunningProcesses = async (databaseUrl: string): Promise<void> => {
  const rows = await withDatabase(databaseUrl, async (client) => {
    await client.query('set role ledger_projector');
    const { rows: running } = await client.query<{ host: string; pid: number }>(
      'select host, pid from ops.processes where seen_at > clock_timestamp() - make_interval(secs => $1) order by host, pid',
      [silentSeconds],
    );
    return running;
  });
  if (rows.length === 0) return;
  const names = rows.map(({ host, pid }) => `${pid} on ${host}`).join(', ');
  throw new RefusedByPolicy(
    `Processes of License Ledger run: ${names}. Stop them and repeat. A process that was killed counts for ${silentSeconds} seconds.`,
  );
};

/** Forgets until which position of the log rights may have changed. The read models are built again from the whole log. */
const forgetPositions = (databaseUrl: string): Promise<void> =>
  withDatabase(databaseUrl, async (client) => {
    await client.query('set role ledger_owner');
    await client.query('truncate identity.access_changes');
  });

const withDatabase = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
