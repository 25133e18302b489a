import type { Metrics } from '../../src/api/monitoring/metrics.ts';
import { createObservations } from '../../src/application/observing/observations.ts';
import { startObservationWriter } from '../../src/application/observing/write-observations.ts';
import { createPool } from '../../src/projections/connect.ts';
import { quiet } from './read-models.ts';

/** What a process observes, in the memory of its own, with a writer that writes when a test says so. */
export const startObserving = (url: string, metrics: Pick<Metrics, 'dropped'>) => {
  const observations = createObservations(metrics.dropped);
  const pool = createPool({ url, role: 'ledger_api', max: 1, log: quiet });
  const { write, stop } = startObservationWriter({
    ...{ pool, observations, everyMs: 3_600_000 },
    onError: () => {},
    onLost: () => {},
  });
  return {
    observations,
    write,
    stop: async () => {
      await stop();
      await pool.end();
    },
  };
};
