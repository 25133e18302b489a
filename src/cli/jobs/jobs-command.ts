import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../config.ts';
import {
  isWithoutQueues,
  type JobState,
  openQueueControl,
  type QueueControl,
  type QueueState,
} from '../../workers/queue-control.ts';
import { CommandEnded, exitCodes, UsageError } from '../exit-codes.ts';
import { painter, printable } from '../output/colors.ts';
import { openOut } from '../output/write-out.ts';
import { runningServers } from '../server/running-servers.ts';
import { table } from '../table.ts';

type Json = { readonly json: boolean };

/** `ledger jobs list`: prints the queues, and each scheduled job with its next and last run. */
export const jobsListCommand = ({ json }: Json): Promise<void> =>
  withQueues(async (control) => {
    const [queues, jobs] = [await control.queues(), await control.jobs()];
    if (json) console.log(JSON.stringify({ queues, jobs }, null, 2));
    else console.log([queueTable(queues), jobTable(jobs)].join('\n\n'));
  });

/** `ledger jobs pause <queue>`: workers take no further job of the queue, also after a restart, until it is resumed. */
export const jobsPauseCommand = (queue: string, { json }: Json): Promise<void> =>
  withQueues(async (control) => {
    await control.pause(queue);
    if (json) console.log(JSON.stringify({ queue, isPaused: true }));
    else
      console.log(
        `The queue ${queue} is paused. Jobs that run now still end. ledger jobs resume ${queue} continues it.`,
      );
  });

/** `ledger jobs resume <queue>`: workers take its jobs again. */
export const jobsResumeCommand = (queue: string, { json }: Json): Promise<void> =>
  withQueues(async (control) => {
    await control.resume(queue);
    console.log(json ? JSON.stringify({ queue, isPaused: false }) : `The queue ${queue} runs.`);
  });

/**
 * `ledger jobs run <job>`: lets a worker run a scheduled job now. With `wait` it ends with 1 when the run fails. Ends
 * with 2 for an unknown job, and with 5 while the queue is paused.
 */
export const jobsRunCommand = (job: string, { json, wait }: Json & { readonly wait: boolean }): Promise<void> =>
  withQueues(async (control) => {
    const known = await control.jobs();
    const scheduled = known.find((other) => other.job === job);
    if (scheduled === undefined)
      throw new UsageError(`There is no job ${job}. The jobs are ${known.map((other) => other.job).join(', ')}.`);
    const { queue } = scheduled;
    if ((await control.queues()).some((other) => other.queue === queue && other.isPaused))
      throw new CommandEnded(exitCodes.refused, `The queue ${queue} is paused. First run ledger jobs resume ${queue}.`);
    const run = await control.run(job);
    if (run === null) throw new Error(`The job ${job} is no longer scheduled.`);
    const ended = wait ? await endOf(control, run) : null;
    if (json) console.log(JSON.stringify({ job, ...run, ...(ended ?? { outcome: null, error: null }) }));
    else console.log(runText(job, ended));
    if (ended?.outcome === 'failed') process.exitCode = exitCodes.failed;
  });

const runText = (job: string, ended: Awaited<ReturnType<QueueControl['outcomeOf']>>): string => {
  if (ended === null) return `A run of ${job} was added. A worker takes it at once. See ledger jobs list.`;
  return ended.outcome === 'completed' ? `${job} has run.` : `${job} FAILED: ${printable(ended.error ?? '')}`;
};

/** Waits until a run has ended. Returns null after Ctrl-C, which does not end the run. */
const endOf = async (control: QueueControl, run: { readonly queue: string; readonly id: string }) => {
  const { signal, close } = openOut();
  try {
    while (!signal.aborted) {
      const ended = await control.outcomeOf(run);
      if (ended !== null) return ended;
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
    return null;
  } finally {
    close();
  }
};

const pollMs = 200;

const withQueues = async (work: (control: QueueControl) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  const { redisUrl } = config;
  const { workerUrl } = await runningServers(config, 'queues');
  const control = openQueueControl(
    redisUrl === null ? { kind: 'postgres', url: workerUrl } : { kind: 'redis', url: redisUrl },
  );
  try {
    await work(control);
  } catch (error) {
    throw explained(error);
  } finally {
    await control.close();
  }
};

/** Returns a sentence for an error of the queue's store that says nothing to an operator. */
const explained = (error: unknown): unknown => {
  const message = error instanceof Error ? error.message : String(error);
  if (isWithoutQueues(error))
    return new CommandEnded(
      exitCodes.nothingToCheck,
      'There are no queues yet. The first ledger start with the role worker creates them.',
    );
  if (message.includes('max retries per request') || message.includes('Connection is closed'))
    return new CommandEnded(exitCodes.unreachable, 'Redis does not answer. Check REDIS_URL.');
  return error;
};

const queueTable = (queues: readonly QueueState[]): string =>
  table(
    ['queue', 'state', 'waiting', 'active', 'delayed', 'failed'],
    queues.map(({ queue, isPaused, waiting, active, delayed, failed }) => [
      queue,
      isPaused ? 'PAUSED' : 'runs',
      ...[waiting, active, delayed, failed].map(String),
    ]),
  );

const jobTable = (jobs: readonly JobState[]): string => {
  const paint = painter(process.stdout);
  const resultOf = ({ lastRun }: JobState): string => {
    if (lastRun === null) return 'no record';
    return lastRun.outcome === 'completed' ? 'completed' : paint('red', `FAILED: ${printable(lastRun.error ?? '')}`);
  };
  const rows = jobs.map((job) => [
    ...[job.job, job.queue, `${job.everySeconds} s`, job.nextRunAt ?? '-', job.lastRun?.finishedAt ?? '-'],
    resultOf(job),
  ]);
  return table(['job', 'queue', 'every', 'next run', 'last run', 'result'], rows);
};
