import type pg from 'pg';
import { type Config, loadConfig } from '../../config.ts';
import { errorText } from '../../embedded/errors.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { readWithoutLogin } from '../../eventstore/server-facts.ts';
import { exitCodes } from '../exit-codes.ts';
import { type FoundServers, findServers } from '../server/find-servers.ts';
import { isRefusal } from '../server/reach-servers.ts';
import { connectReading, isMigrated } from '../status/reading-connection.ts';
import { readStoreAccess } from '../status/store-access-facts.ts';
import { backupFindings } from './check-backup.ts';
import { checkLog } from './check-log.ts';
import { checkMachine } from './check-machine.ts';
import { checkPostgres } from './check-postgres.ts';
import { checkRedis, checkSettings } from './check-settings.ts';
import { checkStoreAccess } from './check-store-access.ts';
import { type Finding, lineOf, note, todo } from './finding.ts';
import { readLogFacts } from './read-log-facts.ts';
import { readMachine } from './read-machine.ts';
import { readPostgres } from './read-postgres.ts';
import { readSettings } from './read-settings.ts';

/**
 * `ledger doctor`: prints one line for each check, with what to do. Starts, creates and changes nothing. Exits with 0
 * when nothing must be done, 1 when something must, 2 when Postgres refuses the login, and 4 when Postgres or the event
 * store does not answer.
 */
export const doctorCommand = async ({ json }: { readonly json: boolean }): Promise<void> => {
  const config = loadConfig();
  const { findings: ofServers, serverFault } = await checkServers(await findServers(config), config);
  const findings = [
    ...checkMachine(await readMachine(config)),
    ...checkSettings(await readSettings(config)),
    ...checkRedis(await redisFactsOf(config.redisUrl)),
    ...ofServers,
  ];
  const left = findings.filter(({ state }) => state === 'todo').length;
  const exitCode = serverFault ?? (left > 0 ? exitCodes.failed : exitCodes.fine);
  if (json) console.log(JSON.stringify({ todo: left, findings }, null, 2));
  else {
    for (const finding of findings) console.log(lineOf(finding));
    console.log(
      left === 0
        ? 'Nothing must be done.'
        : `${left === 1 ? '1 thing' : `${left} things`} must be done: the lines with todo.`,
    );
  }
  process.exitCode = exitCode;
};

// Without a Redis, its client is not loaded.
const redisFactsOf = async (url: string | null) =>
  url === null ? null : (await import('./read-redis.ts')).readRedis(url);

/** `serverFault`: the exit code for a server that does not answer or refuses the login. */
type ServerFindings = { readonly findings: readonly Finding[]; readonly serverFault: number | null };

const checkServers = async (located: FoundServers, config: Config): Promise<ServerFindings> => {
  if (located.kind !== 'reachable') {
    const { dataDir } = config;
    const why =
      located.kind === 'nothing' ? `There is no ledger in ${dataDir} yet.` : `The ledger in ${dataDir} does not run.`;
    const finding = note(
      'servers',
      `${why} Postgres and the event store were not checked.`,
      'Run ledger start, and repeat.',
    );
    return { findings: [finding], serverFault: null };
  }
  let db: pg.Client;
  try {
    db = await connectReading(located.servers.databaseUrl, 'ledger-doctor');
  } catch (error) {
    if (!isRefusal(error))
      return unreachable('postgres', `Postgres does not answer: ${errorText(error)}.`, 'Check DATABASE_URL.');
    const finding = todo('postgres', `Postgres refuses the connection: ${errorText(error)}.`, 'Correct DATABASE_URL.');
    return { findings: [finding], serverFault: exitCodes.usage };
  }
  try {
    if (!(await isMigrated(db)))
      return {
        findings: [todo('migrations', 'The database has no ledger yet.', 'Run ledger start.')],
        serverFault: null,
      };
    return await checkAnswering(db, located, config);
  } catch (error) {
    // What was found out about this machine must be printed all the same.
    const action = 'Use the login of DATABASE_URL that migrated the database.';
    return {
      findings: [todo('postgres', `It could not be checked: ${errorText(error)}.`, action)],
      serverFault: null,
    };
  } finally {
    await db.end();
  }
};

const checkAnswering = async (
  db: pg.Client,
  { mode, servers }: Extract<FoundServers, { kind: 'reachable' }>,
  config: Config,
): Promise<ServerFindings> => {
  const { eventStoreUrl } = servers;
  const postgres = await readPostgres(db, mode, Date.now);
  const ofPostgres = [...checkPostgres(postgres), ...(await backupFindings(db, servers))];
  const store = connectEventStore({ url: eventStoreUrl });
  try {
    const postgresMs = () => Date.now() - postgres.clockDifferenceMs;
    const log = await readLogFacts({ store, url: eventStoreUrl, mode, db, postgresMs });
    const ofAccess = await accessFindings(config, eventStoreUrl);
    return { findings: [...ofPostgres, ...checkLog(log), ...ofAccess], serverFault: null };
  } catch (error) {
    const ofStore = unreachable('event store', `It does not answer: ${errorText(error)}.`, 'Check EVENTSTORE_URL.');
    return { findings: [...ofPostgres, ...ofStore.findings], serverFault: ofStore.serverFault };
  } finally {
    await store.close();
  }
};

const accessFindings = async (config: Config, url: string): Promise<readonly Finding[]> => {
  const access = await readStoreAccess(config, url);
  const withoutLogin = access.tls ? await readWithoutLogin(url, 3_000) : null;
  return checkStoreAccess({ ...access, withoutLogin, isProduction: config.isProduction }, new Date());
};

const unreachable = (check: string, detail: string, action: string): ServerFindings => ({
  findings: [todo(check, detail, action)],
  serverFault: exitCodes.unreachable,
});
