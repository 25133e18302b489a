import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createApi } from '../api/api.ts';
import { createRequestLog } from '../api/logging.ts';
import { createManagement } from '../api/management.ts';
import { createMetrics } from '../api/metrics.ts';
import { findSignupOffer } from '../application/accounts/signup-offer.ts';
import { removeWritten } from '../application/personal-values.ts';
import type { Config } from '../config.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { createExecutor, type Executor } from '../eventstore/executor/execute.ts';
import { guardCommands } from '../eventstore/executor/guard-commands.ts';
import { createSnapshotKeeper } from '../eventstore/snapshots/snapshot-keeper.ts';
import { createAuthenticate } from '../identity/authenticate.ts';
import { parseSecrets, type Secrets } from '../identity/secrets.ts';
import { refuseOpenCatalog } from '../postgres/lint.ts';
import { ownDirectory } from '../postgres/sql-files.ts';
import { createPool } from '../projections/connect.ts';
import { levelIfEmpty, readModelsFault } from '../projections/level.ts';
import { countParked } from '../projections/parked.ts';
import { prepareDatabase } from '../projections/prepare-database.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../projections/projected.ts';
import { createValidationReader } from '../projections/queries/validation.ts';
import { upgrade } from '../projections/rebuild/upgrade.ts';
import { ownRelease, type Release } from '../projections/release.ts';
import { type Projector, runProjector } from '../projections/run.ts';
import { checkSample } from '../projections/verify/check-sample.ts';
import { activeProjection } from '../projections/versions.ts';
import { createStreamSnapshots } from '../records/stream-snapshots.ts';
import { rowSecurity } from '../row-security.ts';
import { version } from '../version.ts';
import { migrateQueue } from '../workers/queue.ts';
import { settleReferences } from '../workers/settle-references.ts';
import { startWorker } from '../workers/worker.ts';
import { openAccounts } from './accounts.ts';
import { noClockCheck, postgresClock, startClockCheck } from './clock-check.ts';
import { createFront } from './front.ts';
import { listen, shutDown } from './listen.ts';
import { measureProjection } from './measure.ts';
import { readiness } from './readiness.ts';
import type { Role } from './roles.ts';
import { type OpenServers, secretText } from './servers.ts';

/** Which release of the program runs, and where its SQL files are; a test runs another one. */
export type Program = { readonly directory: string; readonly release: Release };

/** A running process of the product. */
export type Ledger = {
  /** Where the API listens; null without the role `api`. */
  readonly baseUrl: string | null;
  readonly executor: Executor;
  readonly secrets: Secrets;
  readonly waiter: ProjectedWaiter;
  readonly apiPool: ReturnType<typeof createPool>;
  readonly now: () => Date;
  /** Finishes what is in flight (10 seconds at most) and closes everything that was opened here, in order. */
  stop(): Promise<void>;
};

/**
 * Migrates the database and starts the roles on the servers; refuses where the catalog leaves a tenant open. What was started
 * is stopped again when a later step fails.
 */
export const assemble = async (
  config: Config,
  servers: OpenServers,
  roles: readonly Role[],
  log: Logger,
  { directory, release }: Program = { directory: ownDirectory, release: ownRelease() },
): Promise<Ledger> => {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).toReversed()) {
      await close().catch((error) => log.error(error, 'A part could not be closed.'));
    }
  };
  try {
    const secrets = parseSecrets(await secretText(config, () => randomBytes(32).toString('base64')));
    const now = () => new Date(Date.now() + config.clockOffsetSeconds * 1_000);
    await prepareDatabase({
      ...{ url: servers.databaseUrl, directory, release: release.number },
      log: (fields, message) => log.info(fields, message),
    });
    await refuseOpenCatalog(servers.databaseUrl, rowSecurity);
    if (roles.includes('worker') && config.redisUrl === null) await migrateQueue(servers.databaseUrl);

    const store = connectEventStore({ url: servers.eventStoreUrl });
    closers.push(() => store.close());
    const pool = (url: string, role: Parameters<typeof createPool>[0]['role'], max: number) => {
      const opened = createPool({ url, role, max, log, release });
      closers.push(() => opened.end());
      return opened;
    };
    const apiPool = pool(servers.apiUrl, 'ledger_api', 10);
    const keeper = createSnapshotKeeper({
      snapshots: createStreamSnapshots(pool(servers.apiUrl, 'ledger_api', 2)),
      onError: (error, stream) =>
        log.warn({ err: error, stream }, 'A snapshot could not be used; the log was read instead.'),
    });
    const clock = config.clockCheck
      ? startClockCheck({ now, askPostgres: () => postgresClock(apiPool), log })
      : noClockCheck;
    closers.push(async () => clock.stop());
    await clock.measure();
    const executor = guardCommands(createExecutor({ store, keeper }), clock.fault);
    const waiter = createProjectedWaiter({ url: servers.apiUrl, log, release });
    closers.push(waiter.stop);
    // A new connection may be the first one after a crash of Postgres.
    apiPool.on('connect', waiter.doubt);

    const metrics = createMetrics();
    let projector: Projector | null = null;
    if (roles.includes('projector')) {
      const ending = new AbortController();
      const projectorPool = pool(servers.projectorUrl, 'ledger_projector', 4);
      await levelIfEmpty(projectorPool, release, store);
      const upgraded = upgrade({
        ...{ store, log, directory, release, signal: ending.signal },
        ...{ databaseUrl: servers.databaseUrl, projectorUrl: servers.projectorUrl },
      });
      const running = runProjector({ store, pool: projectorPool, log, release, signal: ending.signal });
      projector = running;
      measureProjection(metrics.registry, running, async () =>
        countParked(projectorPool, await activeProjection(projectorPool)),
      );
      closers.push(() => {
        ending.abort();
        return Promise.all([running.done, upgraded]);
      });
    }
    if (roles.includes('worker')) {
      const workerPool = pool(servers.workerUrl, 'ledger_worker', 4);
      const checkPool = pool(servers.projectorUrl, 'ledger_projector', 1);
      const worker = await startWorker({
        backend:
          config.redisUrl === null
            ? { kind: 'postgres', url: servers.workerUrl }
            : { kind: 'redis', url: config.redisUrl },
        pool: workerPool,
        executor,
        expirySweepSeconds: config.expirySweepSeconds,
        mayRead: async () => (await readModelsFault(workerPool)) === null,
        checkReadModels: (signal) => checkSample({ store, pool: checkPool, log, signal }),
        settleReferences: (signal) =>
          settleReferences({
            ...{ pool: workerPool, apiPool, store, remove: removeWritten, signal },
            onError: (error, reference) => log.error({ err: error, ...reference }, 'A claim could not be settled.'),
          }),
        now,
        log,
      });
      closers.push(worker.close);
    }

    const { authenticate: apiKey, forget: forgetApiKey } = createAuthenticate({
      ...{ pool: apiPool, secrets, nowMs: () => now().getTime(), untilProjected: waiter.waitFor },
      onError: (error) => log.warn(error, 'The use of an API key could not be noted.'),
    });
    const stopping = new AbortController();
    const shared = {
      // What the management port answers, it answers to everybody.
      authenticate: { apiKey, user: async () => null },
      stopping: stopping.signal,
      waitUntilProjected: waiter.waitFor,
      log: createRequestLog(log),
      metrics,
      ready: readiness({ store, pool: apiPool, projector, clockFault: clock.fault }),
      version: { version, node: process.version },
    };
    closers.push(shutDown(await listen(createManagement(shared), config.managementHost, config.managementPort)));
    let baseUrl: string | null = null;
    if (roles.includes('api')) {
      const {
        accounts,
        user,
        close: closeAccounts,
      } = await openAccounts(config, {
        ...{ pool: apiPool, now, log, untilProjected: waiter.waitFor },
      });
      const { front, platformLicense, close: closeFront } = createFront(config, { pool: apiPool, now, log, metrics });
      closers.push(closeAccounts, closeFront);
      const { server } = createApi({
        ...shared,
        ...{ front, platformLicense, accounts, forgetApiKey },
        authenticate: { apiKey, user },
        ...{ executor, store, keeper },
        pool: apiPool,
        projected: waiter,
        // Two connections carry all validations: more would only compete for the same two cores.
        validations: createValidationReader(pool(servers.apiUrl, 'ledger_api', 2)),
        secrets,
        licenseKeyPrefix: config.licenseKeyPrefix,
        now: () => now().toISOString(),
      });
      // Not refused: the platform's organization and policy may be made by this very server.
      if (config.signupPolicy !== null)
        void findSignupOffer(executor, config.signupPolicy).catch((error) => log.error(error));
      const listening = await listen(server, config.host, config.port);
      baseUrl = listening.url;
      closers.push(shutDown(listening), async () => stopping.abort());
    }
    return { baseUrl, executor, secrets, waiter, apiPool, now, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
