import { createPostgresBackend, Queue, runMigrations, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrationLock } from '../postgres/migrate.ts';

/**
 * The store of scheduled jobs. Losing it loses no events: the schedule is created again, and jobs only send commands.
 */
export type QueueBackend =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'redis'; readonly url: string };

/**
 * A job that runs every `everySeconds` on one of the workers. It may run twice, so it must be safe to repeat. When the
 * signal aborts, it ends soon and leaves the rest to its next run.
 */
export type ScheduledJob = {
  readonly name: string;
  readonly everySeconds: number;
  readonly run: (signal: AbortSignal) => Promise<unknown>;
};

/** The names of the queues. Runs of one queue follow one another in each worker; those of different queues do not. */
export const queueNames = (baseName: string): readonly [jobs: string, devices: string, mail: string, packs: string] => [
  baseName,
  `${baseName}-devices`,
  `${baseName}-mail`,
  `${baseName}-packs`,
];

/** How many ended runs of all jobs a queue remembers. */
export const keptRuns = { completed: 200, failed: 100 } as const;

export type Schedule = { close(): Promise<void> };

type Needs = {
  readonly backend: QueueBackend;
  /** Queues of one name share their jobs. Tests use their own name. */
  readonly queueName?: string;
  readonly onError: (error: unknown, context: string) => void;
  /** A lost scheduler (flushed Redis, restored Postgres) is restored within this time. */
  readonly scheduleCheckMs?: number;
};

/** Registers the jobs and runs them until `close`. Reports errors of jobs and continues the schedule. */
export const startSchedule = async (jobs: readonly ScheduledJob[], needs: Needs): Promise<Schedule> => {
  const { queue, work, disconnect } = connect(needs);
  queue.on('error', (error) => needs.onError(error, 'queue'));
  const schedule = async () => {
    for (const { name, everySeconds } of jobs) {
      const every = everySeconds * 1_000;
      const present = await queue.getJobScheduler(name);
      if (present?.every === every && present.template?.opts?.removeOnComplete === keptRuns.completed) continue;
      const opts = { removeOnComplete: keptRuns.completed, removeOnFail: keptRuns.failed };
      await queue.upsertJobScheduler(name, { every }, { name, opts });
    }
  };
  await schedule();

  const stopping = new AbortController();
  const worker = work(async (name) => {
    const job = jobs.find((candidate) => candidate.name === name);
    if (!job) throw new Error(`No job is named ${name}; a newer version may have scheduled it.`);
    await job.run(stopping.signal);
  });
  worker.on('error', (error) => needs.onError(error, 'worker'));
  worker.on('failed', (job, error) => needs.onError(error, `job ${job?.name}`));
  const check = setInterval(
    () => schedule().catch((error) => needs.onError(error, 'schedule')),
    needs.scheduleCheckMs ?? 30_000,
  );

  return {
    close: async () => {
      clearInterval(check);
      // This comes first, because the worker waits for the running job.
      stopping.abort();
      await worker.close();
      await queue.close();
      await disconnect();
    },
  };
};

/**
 * Creates or updates BullMQ's tables in the schema `bullmq`, owned by `ledger_owner`, and lets `ledger_worker` use
 * them. `url` is a login that may take the role `ledger_owner`. Several processes may call it at once.
 */
export const migrateQueue = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    // BullMQ creates the schema itself, and checks that right even when the schema exists.
    await client.query(`do $$ begin
      if not has_database_privilege('ledger_owner', current_database(), 'CREATE') then
        execute format('grant create on database %I to ledger_owner', current_database());
      end if;
    end $$`);
    await client.query('set role ledger_owner');
    await runMigrations(client, 'bullmq');
    await client.query(`
      grant usage on schema bullmq to ledger_worker;
      grant select, insert, update, delete on all tables in schema bullmq to ledger_worker;
      grant usage, select on all sequences in schema bullmq to ledger_worker;
      grant execute on all functions in schema bullmq to ledger_worker;`);
  } finally {
    await client.end();
  }
};

/**
 * How long BullMQ waits, in milliseconds, before it tries again after a lost connection. Its close does not end this wait,
 * so after the end of Postgres a process would stop only after BullMQ's default of 15 seconds.
 */
const runRetryDelay = 2_000;

const connect = ({ backend, queueName = 'ledger' }: Needs) => {
  if (backend.kind === 'postgres') {
    const { Queue: PostgresQueue, Worker: PostgresWorker } = withBackend(createPostgresBackend);
    const connection = { connectionString: backend.url, options: '-c role=ledger_worker', max: 2 };
    return {
      queue: new PostgresQueue(queueName, { connection }),
      work: (run: (name: string) => Promise<void>) =>
        new PostgresWorker(queueName, ({ name }) => run(name), { connection, runRetryDelay }),
      disconnect: async () => {},
    };
  }
  // BullMQ demands this: the blocking connection of a worker waits for ever, and a call of a queue fails at once.
  const redis = new Redis(backend.url, { maxRetriesPerRequest: null });
  return {
    queue: new Queue(queueName, { connection: redis }),
    work: (run: (name: string) => Promise<void>) =>
      new Worker(queueName, ({ name }) => run(name), { connection: redis, runRetryDelay }),
    disconnect: async () => redis.disconnect(),
  };
};
