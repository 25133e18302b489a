import type { Logger } from 'pino';
import type { PageDemo } from '../../api/pages/local-guide.ts';
import type { Config } from '../../config.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { createExecutor, type Executor } from '../../eventstore/executor/execute.ts';
import { guardCommands } from '../../eventstore/executor/guard-commands.ts';
import { createSnapshotKeeper, type SnapshotKeeper } from '../../eventstore/snapshots/snapshot-keeper.ts';
import { newSecret, type Secrets } from '../../identity/secrets.ts';
import { refuseOpenCatalog } from '../../postgres/lint.ts';
import { createPool } from '../../projections/connect.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../../projections/projected.ts';
import type { Release } from '../../projections/release.ts';
import { createStreamSnapshots } from '../../records/stream-snapshots.ts';
import { rowSecurity } from '../../row-security.ts';
import { migrateQueue } from '../../workers/queue.ts';
import { watchAppends } from '../health/watch-appends.ts';
import { type ClockCheck, noClockCheck, postgresClock, startClockCheck } from './clock-check.ts';
import { holdSecrets, refuseUnknownSecrets } from './hold-secrets.ts';
import type { OpenServers } from './open-servers.ts';
import { requireLogOfDatabase, servedLog, watchServedLog } from './require-open-log.ts';
import type { Role } from './roles.ts';
import { loadSecrets } from './secret-place.ts';

/** The release of the program and the directory of its SQL files. Tests run other releases. */
export type Program = { readonly directory: string; readonly release: Release };

/** The configuration of a server process. */
export type ServerProcess = {
  readonly config: Config;
  readonly servers: OpenServers;
  readonly roles: readonly Role[];
  readonly log: Logger;
  readonly program: Program;
  /** The organizations with the rate limits of the demo. Empty when there is no demo. */
  readonly demoOrganizationIds: readonly string[];
  /** True while sweeps must wait, because a simulated clock writes what they would find due. Absent: never. */
  readonly sweepsWait?: () => boolean;
  /** The demo, for the pages of this machine, once it exists. Absent: none. */
  readonly demo?: () => PageDemo | null;
};

type Pool = ReturnType<typeof createPool>;

/** The parts that all roles of a process share. */
export type Parts = ServerProcess & {
  readonly now: () => Date;
  readonly secrets: Secrets;
  /** Returns the ids of secrets that other processes or stored keys need and this process lacks. */
  readonly missingSecrets: () => readonly string[];
  readonly store: ReturnType<typeof connectEventStore>;
  /** The id of the log that the event store has. Null for the first one, before any move. */
  readonly logId: string | null;
  /** Resolves with a sentence when the log moves to another store, because this process must end then. */
  readonly closed: Promise<string>;
  /** Returns true when the last append failed because the disk of the event store is full. */
  readonly isStoreFull: () => boolean;
  readonly keeper: SnapshotKeeper;
  readonly clock: ClockCheck;
  readonly executor: Executor;
  readonly waiter: ProjectedWaiter;
  readonly apiPool: Pool;
  readonly openPool: (url: string, role: Parameters<typeof createPool>[0]['role'], max: number) => Pool;
  /** Registers what closes a part. The process closes its parts in reverse order. */
  readonly onStop: (close: () => Promise<unknown>) => void;
};

/**
 * Migrates the database and opens the parts that all roles share. Throws when the database lets somebody read the rows
 * of all tenants, and InvalidConfiguration when it was used with other secrets.
 */
export const openParts = async (started: ServerProcess, onStop: Parts['onStop']): Promise<Parts> => {
  const { config, servers, log, program } = started;
  const { release } = program;
  const { store, isDiskFull: isStoreFull } = watchAppends(
    connectEventStore({ url: servers.eventStoreUrl, readTimeoutMs, gathersAppends: servers.embedded }),
  );
  onStop(() => store.close());
  const logId = await servedLog(store);
  const secrets = await loadSecrets(config, newSecret);
  await migrateDatabase(started, secrets);
  const holding = await holdSecrets(started, secrets);
  onStop(holding.stop);

  const openPool: Parts['openPool'] = (url, role, max) => {
    const opened = createPool({ url, role, max, log, release });
    onStop(() => opened.end());
    return opened;
  };
  const apiPool = openPool(servers.apiUrl, 'ledger_api', 10);
  await requireLogOfDatabase(apiPool, logId);
  const { closed, stop: stopWatching } = watchServedLog(store, { logId });
  onStop(async () => stopWatching());
  const keeper = createSnapshotKeeper({
    snapshots: createStreamSnapshots(openPool(servers.apiUrl, 'ledger_api', 2)),
    onError: (error, stream) =>
      log.warn({ err: error, stream }, 'A snapshot could not be used. The log was read instead.'),
  });
  const now = () => new Date(Date.now() + config.clockOffsetSeconds * 1_000);
  const clock = config.clockCheck
    ? startClockCheck({ now, askPostgres: () => postgresClock(apiPool), log })
    : noClockCheck;
  onStop(async () => clock.stop());
  await clock.measure();
  const executor = guardCommands(createExecutor({ store, keeper }), clock.fault);
  const waiter = createProjectedWaiter({ url: servers.apiUrl, log, release });
  onStop(waiter.stop);
  // A new connection may be the first one after a crash of Postgres.
  apiPool.on('connect', waiter.doubt);
  const shared = {
    now,
    secrets,
    missingSecrets: holding.missing,
    store,
    logId,
    closed,
    isStoreFull,
    keeper,
    clock,
    executor,
    waiter,
    apiPool,
    openPool,
  };
  return { ...started, ...shared, onStop };
};

const migrateDatabase = async (started: ServerProcess, secrets: Secrets): Promise<void> => {
  const { config, servers, roles, log, program } = started;
  await refuseUnknownSecrets(started, secrets);
  await prepareDatabase({
    url: servers.databaseUrl,
    directory: program.directory,
    release: program.release.number,
    log: (fields, message) => log.info(fields, message),
  });
  const needsQueue = roles.includes('worker') && config.redisUrl === null;
  await Promise.all([
    refuseOpenCatalog(servers.databaseUrl, rowSecurity),
    needsQueue ? migrateQueue(servers.databaseUrl) : null,
  ]);
};

// A page is read three times at most. So a read ends about when the command that needs it fails, after ten seconds.
const readTimeoutMs = 3_000;
