import { loadConfig } from '../config.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { connectLogReader } from '../eventstore/read-log.ts';
import { migrate } from '../projections/migrate.ts';
import { createPool } from '../projections/pool.ts';
import { type Verdict, verifyLedger } from '../projections/verify/verify.ts';
import { createLog } from './log.ts';
import { joinServers } from './servers.ts';
import { table } from './table.ts';

/**
 * `ledger verify`: exit code 0 when everything is as the log says, 1 with the first bad position otherwise. With
 * `--read-models` it leaves the hash chains out and prints a digest per table and organization.
 */
export const verifyCommand = async (options: VerifyOptions): Promise<void> => {
  process.exitCode = (await verify(options)) ? 0 : 1;
};

/** Verifies the running server's data, or starts the embedded servers for it; prints the verdict; true when intact. */
export const verify = async ({ json, readModels = false }: VerifyOptions): Promise<boolean> => {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const servers = await joinServers(config, (line) => log.debug(line));
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log, answerTimeoutMs: 0 });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const reader = connectLogReader({ url: servers.eventStoreUrl });
  try {
    await migrate({ url: servers.databaseUrl, log: (fields, message) => log.info(fields, message) });
    const verdict = await verifyLedger({ store, readLog: reader.read, pool, readModelsOnly: readModels });
    console.log(
      json
        ? JSON.stringify(verdict, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
        : sentence(verdict),
    );
    return verdict.intact;
  } finally {
    await reader.close();
    await store.close();
    await pool.end();
    await servers.stop();
  }
};

type VerifyOptions = { readonly json: boolean; readonly readModels?: boolean };

const sentence = (verdict: Verdict): string => {
  if (verdict.intact) {
    const { events, streams, rows, notProjected, parked, digests } = verdict;
    const behind = notProjected === 0 ? '' : ` ${notProjected} events are not projected yet.`;
    const left = parked === 0 ? '' : ` ${parked} streams are parked: see ledger parked list.`;
    const what = digests.length === 0 ? 'hash chains' : 'streams';
    const cells = digests.map((each) => [each.table, each.tenant, `${each.rows}`, each.digest]);
    return [
      `Intact: ${events} events in ${streams} ${what}; ${rows} rows of the read models equal their fold.${behind}${left}`,
      ...(digests.length === 0 ? [] : [table(['table', 'organization', 'rows', 'digest'], cells)]),
    ].join('\n\n');
  }
  const { position, stream, revision, what } = verdict.finding;
  const where = [
    position === null ? '' : `position ${position}`,
    stream === null ? '' : `stream ${stream}`,
    revision === null ? '' : `revision ${revision}`,
  ].filter((part) => part !== '');
  return `NOT INTACT${where.length > 0 ? ` at ${where.join(', ')}` : ''}: ${what}.`;
};
