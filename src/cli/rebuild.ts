import pg from 'pg';
import { loadConfig } from '../config.ts';
import { lastOfPrefixes } from '../eventstore/copy/last-of-prefixes.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { streamPrefixes } from '../projections/fold/fold-event.ts';
import { prepareDatabase } from '../projections/prepare-database.ts';
import { type RebuildOptions, type RebuildProgress, rebuild } from '../projections/rebuild/rebuild.ts';
import { prune, rollBack } from '../projections/rebuild/roll-back.ts';
import { readModelsName } from '../projections/versions.ts';
import { forgetLostPast } from '../records/lost-past.ts';
import { adoptLog } from '../records/served-log.ts';
import { refuseRunningProcesses } from './copy/switch-log.ts';
import { createLog } from './create-log.ts';
import { otherPastOf } from './doctor/read-log-facts.ts';
import { UsageError } from './exit-codes.ts';
import { counted } from './output/counted.ts';
import { printResult } from './output/print-result.ts';
import { createProgress, partOfLog } from './progress.ts';
import { openCommandServers } from './server/command-servers.ts';
import { isAdoptedBy, otherLog, servedLog } from './server/require-open-log.ts';

type Options = {
  readonly projection: string;
  readonly force: boolean;
  readonly rollback: boolean;
  readonly prune: boolean;
  readonly json: boolean;
};

/**
 * `ledger rebuild`: builds new read models while the old ones serve, and switches to them. It can also roll back to the
 * previous version or drop it. Ctrl-C leaves the serving read models as they are.
 */
export const rebuildCommand = async (options: Options): Promise<void> => {
  if (options.projection !== readModelsName)
    throw new UsageError(`There is no projection named ${options.projection}. The only one is ${readModelsName}.`);
  if (options.rollback && options.prune) throw new UsageError('Give --rollback or --prune, not both.');

  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => stopping.abort(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const servers = await openCommandServers(config, (line) => log.debug(line), 'CHANGE');
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const { databaseUrl, projectorUrl } = servers;
  try {
    await prepareDatabase({ url: databaseUrl, log: (fields, message) => log.info(fields, message) });
    const { force, json } = options;
    const needs = { store, databaseUrl, projectorUrl, log, force, signal: stopping.signal };
    const adopt = await adoptionOf(needs, options);
    if (force && !options.rollback && !options.prune) await forgetLost(needs, servers.eventStoreUrl);
    if (options.prune) await pruneNow(needs, json);
    else if (options.rollback) await rollBackNow(needs, json);
    else await rebuildNow(needs, { json, adopt });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = stopping.signal.reason === 'SIGINT' ? 130 : 143;
  } finally {
    await store.close();
    await servers.stop();
  }
};

/**
 * Returns what lets the database take the log of the event store after a forced rebuild, when it has positions of another
 * log, and null when it has not. Until the rebuild has ended, no process starts.
 */
const adoptionOf = async (
  needs: RebuildOptions,
  { force, rollback, prune: drops }: Options,
): Promise<(() => Promise<void>) | null> => {
  const logId = await servedLog(needs.store);
  if (await isAdoptedBy(needs.databaseUrl, logId)) return null;
  if (!force || rollback || drops) throw otherLog();
  await refuseRunningProcesses(needs.databaseUrl);
  return async () => {
    // The previous version has positions of the other log, so nobody may return to it.
    await prune(needs);
    const client = new pg.Client(needs.databaseUrl);
    // The query fails and says more. Without a listener the event would end the process.
    client.on('error', () => undefined);
    await client.connect();
    await adoptLog(client, logId).finally(() => client.end());
  };
};

/**
 * Removes what Postgres has of events that the log lost, when the read models have a past that is not in the log. It comes
 * before the rebuild: the difference shows until that has ended, so a repeated command does it again.
 */
const forgetLost = async ({ store, databaseUrl, log }: RebuildOptions, eventStoreUrl: string): Promise<void> => {
  const db = new pg.Client(databaseUrl);
  db.on('error', () => undefined);
  await db.connect();
  try {
    if ((await otherPastOf(store, db)) === null) return;
    const answers = await forgetLostPast(db, async () => {
      const last = await lastOfPrefixes(eventStoreUrl, streamPrefixes);
      const head = await store.head({ timeoutMs: 10_000 });
      return { head: head?.commit ?? null, lastAt: last === null ? null : new Date(String(last.metadata.recordedAt)) };
    });
    log.info(
      { answers },
      'The log is of an earlier time: the answers to requests that came after its end are removed.',
    );
  } finally {
    await db.end();
  }
};

const rebuildNow = async (
  needs: RebuildOptions,
  { json, adopt }: { readonly json: boolean; readonly adopt: (() => Promise<void>) | null },
): Promise<void> => {
  const progress = createProgress();
  try {
    const onProgress = ({ phase, events, position, head }: RebuildProgress) =>
      progress.show({ phase, events, part: phase === 'folding' ? partOfLog(position, head) : null });
    const rebuilt = await rebuild({ ...needs, onProgress });
    const { version, previous, events, streamsCompared, parked } = rebuilt;
    await adopt?.();
    progress.end();
    printResult(json, rebuilt, [
      `Version ${version} of the read models serves now: ${counted(events, 'event')} folded, ${counted(streamsCompared, 'stream')} compared with the fold. ` +
        (adopt === null
          ? `Version ${previous} is kept. Use ledger rebuild --rollback to return to it, or --prune to drop it.`
          : 'The version before is dropped, because it was of another log.'),
      ...(parked.length > 0
        ? [
            `${counted(parked.length, 'stream is', 'streams are')} parked, because of events that cannot be projected. See ledger parked list.`,
          ]
        : []),
    ]);
  } finally {
    progress.end();
  }
};

const rollBackNow = async (needs: RebuildOptions, json: boolean): Promise<void> => {
  const { version, previous } = await rollBack(needs);
  printResult(json, { version, previous }, [
    `Version ${version} of the read models serves again. Version ${previous} is kept as the previous one.`,
  ]);
};

const pruneNow = async (needs: RebuildOptions, json: boolean): Promise<void> => {
  const pruned = await prune(needs);
  printResult(json, { dropped: pruned }, [
    pruned === null ? 'There is no previous version to drop.' : `Version ${pruned} of the read models is dropped.`,
  ]);
};
