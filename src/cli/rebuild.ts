import { loadConfig } from '../config.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { prepareDatabase } from '../projections/prepare-database.ts';
import { type RebuildOptions, rebuild } from '../projections/rebuild/rebuild.ts';
import { prune, rollBack } from '../projections/rebuild/roll-back.ts';
import { readModelsName } from '../projections/versions.ts';
import { createLog } from './log.ts';
import { createProgress } from './progress.ts';
import { joinServers } from './server/open-servers.ts';

type Options = {
  readonly projection: string;
  readonly force: boolean;
  readonly rollback: boolean;
  readonly prune: boolean;
};

/**
 * `ledger rebuild`: makes the read models anew while they serve and switches to them; or goes back to the version before, or
 * drops that. Ctrl-C leaves what serves as it is.
 */
export const rebuildCommand = async (options: Options): Promise<void> => {
  if (options.projection !== readModelsName)
    throw new Error(`There is no projection named ${options.projection}. There is one: ${readModelsName}.`);
  if (options.rollback && options.prune) throw new Error('Give --rollback or --prune, not both.');

  const config = loadConfig();
  const log = createLog(config.logLevel);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const servers = await joinServers(config, (line) => log.debug(line));
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const { databaseUrl, projectorUrl } = servers;
  try {
    await prepareDatabase({ url: databaseUrl, log: (fields, message) => log.info(fields, message) });
    const { force } = options;
    const needs = { store, databaseUrl, projectorUrl, log, force, signal: stopping.signal };
    if (options.prune) await pruneNow(needs);
    else if (options.rollback) await rollBackNow(needs);
    else await rebuildNow(needs);
  } finally {
    await store.close();
    await servers.stop();
  }
};

const rebuildNow = async (needs: RebuildOptions): Promise<void> => {
  const progress = createProgress(process.stderr);
  try {
    const { version, previous, events, streamsCompared, parked } = await rebuild({
      ...needs,
      onProgress: progress.show,
    });
    progress.end();
    console.log(
      `Version ${version} of the read models serves now: ${events} events folded, ${streamsCompared} streams compared with their fold. ` +
        `Version ${previous} is kept: ledger rebuild --rollback goes back to it, --prune drops it.`,
    );
    if (parked.length > 0)
      console.log(
        `${parked.length} streams are parked, as events of them cannot be projected: see ledger parked list.`,
      );
  } finally {
    progress.end();
  }
};

const rollBackNow = async (needs: RebuildOptions): Promise<void> => {
  const { version, previous } = await rollBack(needs);
  console.log(`Version ${version} of the read models serves again; version ${previous} is kept as the one before.`);
};

const pruneNow = async (needs: RebuildOptions): Promise<void> => {
  const pruned = await prune(needs);
  console.log(
    pruned === null ? 'There is no version before to drop.' : `Version ${pruned} of the read models is dropped.`,
  );
};
