import { openLog, openRestored, readLogState } from '../../eventstore/copy/log-state.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { connectLogReader } from '../../eventstore/read-log.ts';
import { createPool } from '../../projections/connect.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { type RebuildProgress, rebuild } from '../../projections/rebuild/rebuild.ts';
import { prune } from '../../projections/rebuild/roll-back.ts';
import { verifyLedger } from '../../projections/verify/verify.ts';
import { createLog } from '../create-log.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
import { createProgress, partOfLog } from '../progress.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { servedLog } from '../server/require-open-log.ts';
import { hasEvent } from './log-ends.ts';
import { type LostRecords, readLostRecords } from './lost-records.ts';
import type { Manifest } from './manifest.ts';
import type { Backup } from './read-backup.ts';
import { giveRestored, noteRestoreFinished } from './restore-postgres.ts';

/** The result of a restore: what `ledger verify` says, and what the log has and the backup lacks. */
export type Restored = {
  readonly intact: boolean;
  readonly events: number;
  readonly rows: number;
  readonly findings: number;
  readonly lost: LostRecords;
};

/**
 * What an operator allows a restore. `force`: a log that is older than the backup, and to open a result that is not intact.
 * `sourceIsLost`: to open a log that `ledger copy` copied, because the store that it was copied from is lost.
 */
export type Allowed = { readonly force: boolean; readonly sourceIsLost: boolean };

/**
 * Requires that the log of the event store contains the backup. Returns its id. With `force` it may be an earlier state of the
 * same log, and `isOlder` is true. With `sourceIsLost` it may be a copy that no move has opened. Throws RefusedByPolicy for
 * another log, and for a copy whose source can still serve. Changes nothing.
 */
export const requireFittingLog = async (
  { eventStoreUrl }: Pick<OpenServers, 'eventStoreUrl'>,
  { log: { first, last } }: Manifest,
  { force, sourceIsLost }: Allowed,
): Promise<{ readonly logId: string | null; readonly isOlder: boolean }> => {
  const store = connectEventStore({ url: eventStoreUrl });
  try {
    const state = await readLogState(store);
    if (state.kind === 'AWAITED' && !sourceIsLost)
      throw new RefusedByPolicy(
        'The event store has a copy of a log, and its source can still serve that. When the source is lost, add --source-is-lost to --only postgres: the copy is opened then. Else set EVENTSTORE_URL to the source.',
      );
    const logId = state.kind === 'AWAITED' ? state.id : await servedLog(store);
    if (await hasEvent(store, last)) return { logId, isOlder: false };
    if (!(await hasEvent(store, first)))
      throw new RefusedByPolicy(
        `The event store has another log than the backup: ${first.stream} does not begin with the event ${first.id}. Correct EVENTSTORE_URL, or name another backup.`,
      );
    if (!force)
      throw new RefusedByPolicy(
        `The log of the event store is older than the backup: it lacks revision ${last.revision} of ${last.stream}. Restore a newer log, or an older backup of Postgres. --force restores the newer Postgres without its answers to requests.`,
      );
    return { logId, isOlder: true };
  } finally {
    await store.close();
  }
};

/**
 * Builds the read models from the restored log, gives the vault to the holders, verifies everything, and opens the log. A
 * result that is not intact is opened only with `force`. May be repeated.
 */
export const completeRestore = async (
  servers: OpenServers,
  { manifest }: Backup,
  { force }: Pick<Allowed, 'force'>,
): Promise<Restored> => {
  const { databaseUrl, projectorUrl, eventStoreUrl } = servers;
  const log = createLog('error');
  const store = connectEventStore({ url: eventStoreUrl });
  const reader = connectLogReader({ url: eventStoreUrl });
  const pool = createPool({ url: projectorUrl, role: 'ledger_projector', max: 1, log, answerTimeoutMs: 0 });
  const progress = createProgress();
  try {
    await prepareDatabase({ url: databaseUrl, log: () => {} });
    const needs = { store, databaseUrl, projectorUrl, log, force: true, signal: new AbortController().signal };
    const onProgress = ({ phase, events, position, head }: RebuildProgress) =>
      progress.show({ phase, events, part: phase === 'folding' ? partOfLog(position, head) : null });
    await rebuild({ ...needs, settleMs: 0, onProgress });
    // The version before is empty, and nobody needs it.
    await prune(needs);
    await giveRestored(databaseUrl);
    const verdict = await verifyLedger({
      ...{ store, readLog: reader.read, pool, findingsMax: 0 },
      onProgress: ({ events, position, head }) =>
        progress.show({ phase: 'checking', events, part: partOfLog(position, head) }),
    });
    const lost = await readLostRecords({ databaseUrl, projectorUrl }, { withValues: true });
    const { intact, events, rows, damaged } = verdict;
    const restored = { intact, events, rows, findings: damaged, lost };
    if (!intact && !force) return restored;
    const state = await readLogState(store);
    const at = new Date().toISOString();
    if (state.kind === 'RESTORING') await openRestored(store, manifest.backupId, at);
    if (state.kind === 'AWAITED') await openLog(store, state.id, at);
    await noteRestoreFinished(databaseUrl);
    return restored;
  } finally {
    progress.end();
    await Promise.all([reader.close(), store.close(), pool.end()]);
  }
};
