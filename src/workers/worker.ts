import type { Pool } from 'pg';
import type { Executor } from '../eventstore/execute.ts';
import { dueLicenses } from '../projections/licenses.ts';
import type { Log } from '../projections/log.ts';
import { sweepExpired } from './expiry.ts';
import { purgeIdempotency } from './purge.ts';
import { type QueueBackend, type Schedule, startSchedule } from './queue.ts';

type Needs = {
  readonly backend: QueueBackend;
  /** As ledger_worker. */
  readonly pool: Pool;
  readonly executor: Executor;
  readonly expirySweepSeconds: number;
  readonly now: () => Date;
  readonly log: Log;
  /** Workers of one queue share its jobs. */
  readonly queueName?: string;
};

/** Starts the scheduled jobs of the role `worker`; any number of workers may run. */
export const startWorker = ({ pool, executor, expirySweepSeconds, now, log, ...queue }: Needs): Promise<Schedule> => {
  const sweep = async () => {
    const announced = await sweepExpired({
      due: (page) => dueLicenses(pool, page),
      executor,
      now,
      onError: (error, { licenseId }) => log.error({ err: error, licenseId }, 'An expiry could not be announced.'),
    });
    if (announced > 0) log.info({ announced }, 'Expired licenses were announced.');
  };
  const jobs = [
    { name: 'expiry-sweep', everySeconds: expirySweepSeconds, run: sweep },
    { name: 'idempotency-purge', everySeconds: 3_600, run: () => purgeIdempotency(pool) },
  ];
  return startSchedule(jobs, {
    ...queue,
    onError: (error, context) => log.error({ err: error, context }, 'A scheduled job failed.'),
  });
};
