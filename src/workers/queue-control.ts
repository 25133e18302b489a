import { randomUUID } from 'node:crypto';
import { createPostgresBackend, Queue, SchemaMigrationRequiredError, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { keptRuns, type QueueBackend, queueNames } from './queue.ts';

/** The state of a queue, with its numbers of jobs by state. */
export type QueueState = {
  readonly queue: string;
  /** True: workers take no job from it until it is resumed. Restarts do not change that. */
  readonly isPaused: boolean;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
};

/** The last run of a job that the queue still has a record of. Instants are ISO 8601, UTC. */
export type LastRun = {
  readonly finishedAt: string;
  readonly outcome: 'completed' | 'failed';
  readonly error: string | null;
};

/** A scheduled job. `lastRun` is null when it has not run, or when so many other runs followed that its record is gone. */
export type JobState = {
  readonly job: string;
  readonly queue: string;
  readonly everySeconds: number;
  readonly nextRunAt: string | null;
  readonly lastRun: LastRun | null;
};

/** How a run that was added by hand ended. */
export type RunOutcome = { readonly outcome: 'completed' | 'failed'; readonly error: string | null };

/** The queues of the scheduled jobs, for the operator. Works next to running workers, which obey at once. */
export type QueueControl = {
  readonly queues: () => Promise<readonly QueueState[]>;
  readonly jobs: () => Promise<readonly JobState[]>;
  /** Stops workers from taking jobs of a queue. A job that runs ends normally. Safe to repeat. */
  readonly pause: (queue: string) => Promise<void>;
  readonly resume: (queue: string) => Promise<void>;
  /**
   * Adds a run of a job that a worker takes at once. Returns its id; while such a run waits or runs, returns that of
   * this one. Returns null when no worker has scheduled the job.
   */
  readonly run: (job: string) => Promise<{ readonly queue: string; readonly id: string } | null>;
  /** Returns how a run ended, or null while it waits or runs. */
  readonly outcomeOf: (run: { readonly queue: string; readonly id: string }) => Promise<RunOutcome | null>;
  readonly close: () => Promise<void>;
};

/**
 * Opens the queues. The first call of a function connects, and rejects when the store does not answer or has no queues
 * yet. `baseName` is for tests.
 */
export const openQueueControl = (backend: QueueBackend, baseName = 'ledger'): QueueControl => {
  const redis = backend.kind === 'redis' ? connectRedis(backend.url) : null;
  const queues = queueNames(baseName).map((name) => openQueue(name, backend, redis));
  const queueNamed = (name: string): Queue => {
    const queue = queues.find((other) => other.name === name);
    if (queue === undefined) throw new Error(`There is no queue ${name}.`);
    return queue;
  };
  // Postgres says by itself that it has no queues.
  const requireQueues = async () => {
    if (redis === null) return;
    const schedulers = await Promise.all(queues.map((queue) => queue.getJobSchedulersCount()));
    if (schedulers.every((count) => count === 0)) throw new NoQueues('No worker has scheduled a job.');
  };
  return {
    queues: async () => {
      await requireQueues();
      return Promise.all(queues.map(stateOf));
    },
    jobs: async () => {
      await requireQueues();
      return (await Promise.all(queues.map(jobsOf))).flat();
    },
    pause: async (name) => {
      await requireQueues();
      await queueNamed(name).pause();
    },
    resume: async (name) => {
      await requireQueues();
      await queueNamed(name).resume();
    },
    run: async (name) => {
      await requireQueues();
      for (const queue of queues) if (await queue.getJobScheduler(name)) return addRun(queue, name);
      return null;
    },
    outcomeOf: async ({ queue, id }) => {
      const job = await queueNamed(queue).getJob(id);
      // A removed record is one of many older completed runs: failed ones stay longer.
      if (job === undefined) return { outcome: 'completed', error: null };
      if (await job.isCompleted()) return { outcome: 'completed', error: null };
      return (await job.isFailed()) ? { outcome: 'failed', error: job.failedReason ?? null } : null;
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
      redis?.disconnect();
    },
  };
};

/** Thrown when no worker has created the queues in Redis. */
class NoQueues extends Error {
  override readonly name = 'NoQueues';
}

/** Returns true for an error of a store in which no worker has created the queues yet. */
export const isWithoutQueues = (error: unknown): boolean =>
  error instanceof NoQueues ||
  error instanceof SchemaMigrationRequiredError ||
  // The role ledger_worker does not exist either.
  (error instanceof Error && 'code' in error && error.code === '22023');

const openQueue = (name: string, backend: QueueBackend, redis: Redis | null): Queue => {
  const queue =
    redis === null
      ? new (withBackend(createPostgresBackend).Queue)(name, {
          ...{ connection: { connectionString: backend.url, options: '-c role=ledger_worker', max: 1 }, ...readsOnly },
        })
      : new Queue(name, { connection: redis, ...readsOnly });
  // The calls reject with the same error.
  queue.on('error', () => undefined);
  return queue as Queue;
};

// A queue that is opened would otherwise write its settings.
const readsOnly = { skipMetasUpdate: true } as const;

// A command of an operator fails instead of waiting for ever.
const connectRedis = (url: string): Redis => {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, connectTimeout: 5_000, retryStrategy: () => null });
  redis.on('error', () => undefined);
  return redis;
};

const stateOf = async (queue: Queue): Promise<QueueState> => {
  const [isPaused, counts] = await Promise.all([
    queue.isPaused(),
    // The types of BullMQ lack `paused`, under which it counts the waiting jobs of a paused queue.
    queue.getJobCounts('waiting', 'paused' as 'waiting', 'active', 'delayed', 'failed'),
  ]);
  const { waiting = 0, paused = 0, active = 0, delayed = 0, failed = 0 } = counts;
  return { queue: queue.name, isPaused, waiting: waiting + paused, active, delayed, failed };
};

const jobsOf = async (queue: Queue): Promise<readonly JobState[]> => {
  const [schedulers, completed, failed] = await Promise.all([
    queue.getJobSchedulers(),
    queue.getJobs(['completed'], 0, keptRuns.completed - 1),
    queue.getJobs(['failed'], 0, keptRuns.failed - 1),
  ]);
  const runs = [...completed, ...failed]
    .flatMap((job) => (job?.finishedOn === undefined ? [] : [{ ...job, finishedOn: job.finishedOn }]))
    .toSorted((a, b) => b.finishedOn - a.finishedOn);
  return schedulers
    .map(({ key, every = 0, next }) => {
      const run = runs.find(({ name }) => name === key);
      const error = run?.failedReason ?? null;
      const outcome = error === null ? ('completed' as const) : ('failed' as const);
      return {
        ...{ job: key, queue: queue.name, everySeconds: every / 1_000 },
        nextRunAt: next === undefined ? null : new Date(next).toISOString(),
        lastRun: run === undefined ? null : { finishedAt: new Date(run.finishedOn).toISOString(), outcome, error },
      };
    })
    .toSorted((a, b) => (a.job < b.job ? -1 : 1));
};

const addRun = async (queue: Queue, name: string): Promise<{ queue: string; id: string }> => {
  // Without an id BullMQ would create a sequence for it, which ledger_worker may not.
  const jobId = `run-${randomUUID()}`;
  const { id = jobId } = await queue.add(name, {}, { ...removal, jobId, deduplication: { id: `run-${name}` } });
  return { queue: queue.name, id };
};

const removal = { removeOnComplete: keptRuns.completed, removeOnFail: keptRuns.failed };
