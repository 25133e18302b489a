import type { Pool } from 'pg';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { Log } from '../postgres/log.ts';
import { dueLicenses } from '../projections/queries/due-licenses.ts';
import { overdueLeases, purgeLiveness } from '../records/lease-liveness.ts';
import { pauseLicenses, purgePauses, revisionsOf } from '../records/sweep-pauses.ts';
import { announcingShare, createPace } from './pace.ts';
import { purge } from './purge.ts';
import { type QueueBackend, type Schedule, startSchedule } from './queue.ts';
import type { Pauses } from './stuck.ts';
import { sweepDue } from './sweep-due.ts';
import { sweepLeases } from './sweep-leases.ts';

type Needs = {
  readonly backend: QueueBackend;
  /** A pool with the role ledger_worker. */
  readonly pool: Pool;
  readonly executor: Executor;
  readonly expirySweepSeconds: number;
  /**
   * Returns true when the read models are up to date and of this release. Sweeps and the check wait for that. Default:
   * true.
   */
  readonly mayRead?: () => Promise<boolean>;
  /**
   * Compares a sample of the read models with the log once a night, and reports. It needs other rights than the sweeps.
   */
  readonly checkReadModels?: (signal: AbortSignal) => Promise<unknown>;
  /**
   * Removes values that were written for events that were not stored, once an hour. It needs other rights than the
   * sweeps.
   */
  readonly settleReferences?: (signal: AbortSignal) => Promise<unknown>;
  readonly now: () => Date;
  readonly log: Log;
  /** Workers of one queue share its jobs. */
  readonly queueName?: string;
};

/** Starts the scheduled jobs of the role `worker`. Several workers may run. */
export const startWorker = ({
  pool,
  executor,
  expirySweepSeconds,
  mayRead = async () => true,
  checkReadModels,
  settleReferences,
  now,
  log,
  ...queue
}: Needs): Promise<Schedule> => {
  const pace = createPace(announcingShare);
  const sweep = async (signal: AbortSignal) => {
    if (!(await mayRead())) return;
    const pauses: Pauses = {
      revisionsOf: (licenseIds) => revisionsOf(pool, licenseIds),
      pause: (stuck) => pauseLicenses(pool, stuck, { now: now().toISOString(), seconds: 2 * expirySweepSeconds }),
    };
    const refusedIds: string[] = [];
    const carriedOut = await sweepDue({
      due: (page) => dueLicenses(pool, page),
      executor,
      now,
      signal,
      pauses,
      pace,
      onRefused: ({ licenseId, command, rejection }) => {
        if (command === 'CarryOutScheduled') refusedIds.push(licenseId);
        else log.error({ licenseId, command, ...rejection }, 'A due command was refused.');
      },
      onError: (error, { licenseId }) => log.error({ err: error, licenseId }, 'Due commands could not be carried out.'),
    });
    if (carriedOut > 0) log.info({ carriedOut }, 'Due commands were carried out: expiries, reminders, changes.');
    // The change is tried again at once after devices are released or the change is cancelled, and else ever less
    // often.
    if (refusedIds.length > 0)
      log.info(
        { refused: refusedIds.length, licenseIds: refusedIds.slice(0, 10) },
        'Announced tier changes are refused by the limit strategy of their policies.',
      );
    const lapsed = await sweepLeases({
      overdue: (page) => overdueLeases(pool, page),
      executor,
      now,
      signal,
      onError: (error, lease) => log.error({ err: error, ...lease }, 'An overdue lease could not be ended.'),
    });
    if (lapsed > 0) log.info({ lapsed }, 'Leases without heartbeats were ended.');
  };
  const check = async (signal: AbortSignal) => {
    if (await mayRead()) await checkReadModels?.(signal);
  };
  const jobs = [
    { name: 'expiry-sweep', everySeconds: expirySweepSeconds, run: sweep },
    // Queues have stored this name, which is older than most of what the job removes.
    { name: 'idempotency-purge', everySeconds: 3_600, run: (signal: AbortSignal) => purge(pool, signal) },
    { name: 'sweep-pauses-purge', everySeconds: 86_400, run: (signal: AbortSignal) => purgePauses(pool, signal) },
    { name: 'lease-liveness-purge', everySeconds: 3_600, run: (signal: AbortSignal) => purgeLiveness(pool, signal) },
    ...(settleReferences ? [{ name: 'references-settlement', everySeconds: 3_600, run: settleReferences }] : []),
    ...(checkReadModels ? [{ name: 'read-models-check', everySeconds: 86_400, run: check }] : []),
  ];
  return startSchedule(jobs, {
    ...queue,
    onError: (error, context) => log.error({ err: error, context }, 'A scheduled job failed.'),
  });
};
