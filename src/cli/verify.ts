import { loadConfig } from '../config.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { connectLogReader } from '../eventstore/read-log.ts';
import { migrate } from '../projections/migrate.ts';
import { createPool } from '../projections/pool.ts';
import { type Verdict, verifyLedger } from '../projections/verify.ts';
import { createLog } from './log.ts';
import { joinServers } from './servers.ts';

/** `ledger verify`: exit code 0 when everything is as the log says, 1 with the first bad position otherwise. */
export const verifyCommand = async (options: { json: boolean }): Promise<void> => {
  process.exitCode = (await verify(options)) ? 0 : 1;
};

/** Verifies the running server's data, or starts the embedded servers for it; prints the verdict; true when intact. */
export const verify = async ({ json }: { json: boolean }): Promise<boolean> => {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const servers = await joinServers(config, (line) => log.debug(line));
  const pool = createPool({ url: servers.projectorUrl, role: 'ledger_projector', max: 1, log });
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const reader = connectLogReader({ url: servers.eventStoreUrl });
  try {
    await migrate({ url: servers.databaseUrl, log: (fields, message) => log.info(fields, message) });
    const verdict = await verifyLedger({ store, readLog: reader.read, pool });
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

const sentence = (verdict: Verdict): string => {
  if (verdict.intact) {
    const { events, streams, rows, notProjected } = verdict;
    const behind = notProjected === 0 ? '' : ` ${notProjected} events are not projected yet.`;
    return `Intact: ${events} events in ${streams} hash chains; ${rows} rows of the read models equal their fold.${behind}`;
  }
  const { position, stream, revision, what } = verdict.finding;
  const where = [
    position === null ? '' : `position ${position}`,
    stream === null ? '' : `stream ${stream}`,
    revision === null ? '' : `revision ${revision}`,
  ].filter((part) => part !== '');
  return `NOT INTACT${where.length > 0 ? ` at ${where.join(', ')}` : ''}: ${what}.`;
};
