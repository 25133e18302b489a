import { removeWritten } from '../../application/personal-values.ts';
import { readModelsFault } from '../../projections/level.ts';
import { checkSample } from '../../projections/verify/check-sample.ts';
import { settleReferences } from '../../workers/settle-references.ts';
import { startWorker } from '../../workers/worker.ts';
import type { Parts } from './process-parts.ts';

/** Starts the scheduled jobs of the role `worker`. */
export const startJobs = async (parts: Parts): Promise<void> => {
  const { config, servers, store, executor, apiPool, now, log, openPool, onStop } = parts;
  const pool = openPool(servers.workerUrl, 'ledger_worker', 4);
  const checkPool = openPool(servers.projectorUrl, 'ledger_projector', 1);
  const { redisUrl, expirySweepSeconds } = config;
  const worker = await startWorker({
    backend: redisUrl === null ? { kind: 'postgres', url: servers.workerUrl } : { kind: 'redis', url: redisUrl },
    pool,
    executor,
    expirySweepSeconds,
    mayRead: async () => (await readModelsFault(pool)) === null,
    checkReadModels: (signal) => checkSample({ store, pool: checkPool, log, signal }),
    settleReferences: (signal) =>
      settleReferences({
        pool,
        apiPool,
        store,
        remove: removeWritten,
        signal,
        onError: (error, reference) => log.error({ err: error, ...reference }, 'A claim could not be settled.'),
      }),
    now,
    log,
  });
  onStop(worker.close);
};
