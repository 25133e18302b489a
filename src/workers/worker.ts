import type { Pool } from 'pg';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { Log } from '../postgres/log.ts';
import { dueLicenses } from '../projections/queries/due-licenses.ts';
import { unseenDevices } from '../projections/queries/unseen-page.ts';
import { purgeSightings } from '../records/device-sightings.ts';
import { overdueLeases, purgeLiveness } from '../records/lease-liveness.ts';
import { purgePacks } from '../records/pack-jobs.ts';
import { purgeSeatHolders } from '../records/seat-holders.ts';
import { pauseLicenses, purgePauses, revisionsOf } from '../records/sweep-pauses.ts';
import { purgeValidationCounts } from '../records/validation-counts.ts';
import { announcingShare, createPace } from './pace.ts';
import { purge } from './purge.ts';
import { type QueueBackend, queueNames, type Schedule, type ScheduledJob, startSchedule } from './queue.ts';
import type { Pauses } from './stuck.ts';
import { sweepDue } from './sweep-due.ts';
import { sweepLeases } from './sweep-leases.ts';
import { sweepUnseen } from './sweep-unseen.ts';

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
   * Removes values without a stored event, once an hour. It needs other rights than the sweeps.
   */
  readonly settleReferences?: (signal: AbortSignal) => Promise<unknown>;
  /** Erases the metadata of devices that have ended, once a day. It needs other rights than the sweeps. */
  readonly eraseDeviceMetadata?: (signal: AbortSignal) => Promise<unknown>;
  /** Sends mails, in a queue of their own: neither a slow mail server nor a long sweep waits for the other. */
  readonly sendMails?: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  /** Makes evidence packs, in a queue of their own: a pack may take minutes. */
  readonly makePacks?: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly now: () => Date;
  readonly log: Log;
  /** Workers of one queue share its jobs. */
  readonly queueName?: string;
};

/** Starts the scheduled jobs of the role `worker`. Several workers may run. */
export const startWorker = async (needs: Needs): Promise<Schedule> => {
  const { backend, sendMails, makePacks, log } = needs;
  const mayRead = needs.mayRead ?? (async () => true);
  const onError = (error: unknown, context: string) => log.error({ err: error, context }, 'A scheduled job failed.');
  const [jobs, devices, mail, packs] = queueNames(needs.queueName ?? 'ledger');
  const mailJobs = sendMails === undefined ? [] : [{ name: 'mail', everySeconds: mailSeconds, run: sendMails }];
  const makeWhenReadable = async (signal: AbortSignal) => {
    if (await mayRead()) await makePacks?.(signal);
  };
  const packJobs =
    makePacks === undefined ? [] : [{ name: 'audit-packs', everySeconds: packSeconds, run: makeWhenReadable }];
  const queues = [
    { queueName: jobs, scheduled: jobsOf(needs) },
    // A change of a policy may announce many devices at once, for which no expiry waits.
    { queueName: devices, scheduled: [unseenJob(needs)] },
    { queueName: mail, scheduled: mailJobs },
    { queueName: packs, scheduled: packJobs },
  ].filter(({ scheduled }) => scheduled.length > 0);
  const schedules = await Promise.all(
    queues.map(({ queueName, scheduled }) => startSchedule(scheduled, { backend, queueName, onError })),
  );
  return { close: async () => void (await Promise.all(schedules.map((schedule) => schedule.close()))) };
};

const mailSeconds = 5;
const packSeconds = 2;
const unseenSeconds = 3_600;

const jobsOf = (needs: Needs): readonly ScheduledJob[] => {
  const { pool, expirySweepSeconds, settleReferences, eraseDeviceMetadata, checkReadModels } = needs;
  const mayRead = needs.mayRead ?? (async () => true);
  const sweep = createSweep(needs);
  const sweepWhenReadable = async (signal: AbortSignal) => {
    if (await mayRead()) await sweep(signal);
  };
  const checkWhenReadable = async (signal: AbortSignal) => {
    if (await mayRead()) await checkReadModels?.(signal);
  };
  const purgeNamesWhenReadable = async () => {
    if (await mayRead()) await purgeSeatHolders(pool);
  };
  const eraseWhenReadable = async (signal: AbortSignal) => {
    if (await mayRead()) await eraseDeviceMetadata?.(signal);
  };
  return [
    { name: 'expiry-sweep', everySeconds: expirySweepSeconds, run: sweepWhenReadable },
    // Queues have stored this name, which is older than most of what the job removes.
    { name: 'idempotency-purge', everySeconds: 3_600, run: (signal) => purge(pool, signal) },
    { name: 'audit-packs-purge', everySeconds: 3_600, run: (signal) => purgePacks(pool, needs.now(), signal) },
    { name: 'sweep-pauses-purge', everySeconds: 86_400, run: (signal) => purgePauses(pool, signal) },
    { name: 'lease-liveness-purge', everySeconds: 3_600, run: (signal) => purgeLiveness(pool, signal) },
    { name: 'seat-holders-purge', everySeconds: 3_600, run: purgeNamesWhenReadable },
    { name: 'observations-purge', everySeconds: 86_400, run: (signal) => purgeObservations(pool, signal) },
    ...(settleReferences ? [{ name: 'references-settlement', everySeconds: 3_600, run: settleReferences }] : []),
    ...(eraseDeviceMetadata ? [{ name: 'device-metadata', everySeconds: 86_400, run: eraseWhenReadable }] : []),
    ...(checkReadModels ? [{ name: 'read-models-check', everySeconds: 86_400, run: checkWhenReadable }] : []),
  ];
};

/** Announces and ends devices without a contact, once an hour. */
const unseenJob = ({ pool, executor, now, log, mayRead = async () => true }: Needs): ScheduledJob => {
  const pace = createPace(announcingShare);
  const run = async (signal: AbortSignal): Promise<void> => {
    if (!(await mayRead())) return;
    const changed = await sweepUnseen({
      unseen: (page) => unseenDevices(pool, page),
      executor,
      now,
      signal,
      pace,
      onError: (error, licenseId) =>
        log.error({ err: error, licenseId }, 'Devices without a contact could not be announced or deactivated.'),
    });
    if (changed > 0) log.info({ licenses: changed }, 'Devices without a contact were announced or deactivated.');
  };
  return { name: 'unseen-devices', everySeconds: unseenSeconds, run };
};

const purgeObservations = async (pool: Pool, signal: AbortSignal): Promise<number> =>
  (await purgeValidationCounts(pool, signal)) + (await purgeSightings(pool, signal));

/** Returns the sweep that carries out due commands and ends overdue leases. All its runs share one pace. */
const createSweep = (needs: Needs) => {
  const { pool, executor, expirySweepSeconds, now, log } = needs;
  const pace = createPace(announcingShare);
  const pauses: Pauses = {
    revisionsOf: (licenseIds) => revisionsOf(pool, licenseIds),
    pause: (stuck) => pauseLicenses(pool, stuck, { now: now().toISOString(), seconds: 2 * expirySweepSeconds }),
  };
  return async (signal: AbortSignal): Promise<void> => {
    const refusedIds: string[] = [];
    const carriedOut = await sweepDue({
      due: (page) => dueLicenses(pool, page),
      executor,
      now,
      signal,
      pauses,
      pace,
      betweenRounds: () => endLeases(needs, signal),
      onRefused: ({ licenseId, command, rejection }) => {
        // Another process was faster: the next sweep finds what is left.
        if (rejection.rejected === 'CONCURRENT_MODIFICATION') return;
        if (command === 'CarryOutScheduled') refusedIds.push(licenseId);
        else log.error({ licenseId, command, ...rejection }, 'A due command was refused.');
      },
      onError: (error, { licenseId }) => log.error({ err: error, licenseId }, 'Due commands could not be carried out.'),
    });
    if (carriedOut > 0) log.info({ carriedOut }, 'Due commands were carried out: expiries, reminders, changes.');
    reportRefusedChanges(log, refusedIds);
    await endLeases(needs, signal);
  };
};

// After another change of the license the next sweep tries its commands again. Otherwise the pauses grow.
const reportRefusedChanges = (log: Log, licenseIds: readonly string[]): void => {
  if (licenseIds.length === 0) return;
  log.info(
    { refused: licenseIds.length, licenseIds: licenseIds.slice(0, 10) },
    'Due commands were refused by their licenses. The next sweeps try them again.',
  );
};

const endLeases = async ({ pool, executor, now, log }: Needs, signal: AbortSignal): Promise<void> => {
  const lapsed = await sweepLeases({
    overdue: (page) => overdueLeases(pool, page),
    executor,
    now,
    signal,
    onError: (error, lease) => log.error({ err: error, ...lease }, 'An overdue lease could not be ended.'),
  });
  if (lapsed > 0) log.info({ lapsed }, 'Leases without heartbeats were ended.');
};
