import { randomUUID } from 'node:crypto';
import { createPostgresBackend, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { migrateQueue, type QueueBackend, queueNames, type Schedule, startSchedule } from '../../src/workers/queue.ts';
import { isWithoutQueues, openQueueControl, type QueueControl } from '../../src/workers/queue-control.ts';
import { createDatabase } from '../support/database.ts';
import { condition } from '../support/product.ts';
import { hasRedis, startRedis } from '../support/redis.ts';

const redisUrl = process.env.TEST_REDIS_URL;
if (!redisUrl) console.log('The control of queues was not tested on Redis: TEST_REDIS_URL is not set.');

let database: Awaited<ReturnType<typeof createDatabase>>;
const open: { close: () => Promise<void> }[] = [];
beforeAll(async () => {
  database = await createDatabase();
  await prepareDatabase({ url: database.url, log: () => {} });
  await migrateQueue(database.url);
});
afterAll(async () => {
  await Promise.all(open.map((opened) => opened.close()));
  await database.drop();
});

const backends: [string, () => QueueBackend][] = [['Postgres', () => ({ kind: 'postgres', url: database.url })]];
if (redisUrl) backends.push(['Redis', () => ({ kind: 'redis', url: redisUrl })]);

describe.concurrent.each(backends)('An operator of queues on %s', (_, backend) => {
  /** Two queues with a job each: one runs every second, the other one once a day. */
  const start = async (run: () => Promise<unknown> = async () => undefined) => {
    const baseName = `test-${randomUUID()}`;
    const [often, seldom] = queueNames(baseName);
    const schedule = async (queueName: string, name: string, everySeconds: number): Promise<Schedule> => {
      const jobs = [{ name, everySeconds, run }];
      const started = await startSchedule(jobs, { backend: backend(), queueName, onError: () => undefined });
      open.push(started);
      return started;
    };
    const startOften = () => schedule(often, 'often', 1);
    await schedule(seldom, 'seldom', 86_400);
    const control: QueueControl = openQueueControl(backend(), baseName);
    open.push(control);
    return { control, often, seldom, startOften };
  };
  const lastRunOf = async (control: QueueControl, name: string) =>
    (await control.jobs()).find(({ job }) => job === name)?.lastRun ?? null;
  const stateOf = async (control: QueueControl, name: string) =>
    (await control.queues()).find(({ queue }) => queue === name);

  test('sees the queues and each job with its next and last run', async () => {
    const { control, often, seldom, startOften } = await start();
    await startOften();
    await condition('a run of both', async () =>
      (await control.jobs()).every(({ lastRun }) => lastRun?.outcome === 'completed'),
    );
    expect(await control.jobs()).toEqual([
      expect.objectContaining({ job: 'often', queue: often, everySeconds: 1, nextRunAt: expect.any(String) }),
      expect.objectContaining({ job: 'seldom', queue: seldom, everySeconds: 86_400, nextRunAt: expect.any(String) }),
    ]);
    expect(await stateOf(control, seldom)).toEqual({
      ...{ queue: seldom, isPaused: false, waiting: 0, active: 0, delayed: 1, failed: 0 },
    });
  });

  test('pauses a queue for all its workers, also for those that start later, until it is resumed', async () => {
    const { control, often, seldom, startOften } = await start();
    const first = await startOften();
    await startOften();
    await condition('a run', async () => (await lastRunOf(control, 'often')) !== null);
    await control.pause(often);
    await control.pause(often);
    await first.close();
    await startOften();
    await condition('a job that is due waits', async () => {
      const state = await stateOf(control, often);
      return state?.isPaused === true && state.active === 0 && state.waiting > 0;
    });
    const before = await lastRunOf(control, 'often');
    // The other queue goes on: it is a second in which the paused one would have run.
    const run = await control.run('seldom');
    await condition('a run of the other queue', async () => run !== null && (await control.outcomeOf(run)) !== null);
    expect(await lastRunOf(control, 'often')).toEqual(before);
    expect((await stateOf(control, seldom))?.isPaused).toBe(false);
    await control.resume(often);
    await condition('a run again', async () => (await lastRunOf(control, 'often'))?.finishedAt !== before?.finishedAt);
  });

  test('lets a worker run a job now, once although two ask, and learns how it ended', async () => {
    const gates: (() => void)[] = [];
    let runs = 0;
    const { control, seldom } = await start(async () => {
      runs += 1;
      if (runs === 1) return;
      await new Promise<void>((resolve) => gates.push(resolve));
      if (runs === 2) throw new Error('The second run fails.');
    });
    await condition('the scheduled run', async () => (await lastRunOf(control, 'seldom')) !== null);
    const run = await control.run('seldom');
    if (run === null) throw new Error('The job is not known.');
    expect(run.queue).toBe(seldom);
    await condition('the run has begun', () => gates.length === 1);
    expect(await control.run('seldom')).toEqual(run);
    expect(await control.outcomeOf(run)).toBe(null);
    gates.shift()?.();
    await condition('the end of the run', async () => (await control.outcomeOf(run)) !== null);
    expect(await control.outcomeOf(run)).toEqual({ outcome: 'failed', error: 'The second run fails.' });
    expect(await lastRunOf(control, 'seldom')).toMatchObject({ outcome: 'failed', error: 'The second run fails.' });

    const next = await control.run('seldom');
    expect(next?.id).not.toBe(run.id);
    await condition('the next run has begun', () => gates.length === 1);
    gates.shift()?.();
    await condition('the end of the next run', async () => next !== null && (await control.outcomeOf(next)) !== null);
    expect(await lastRunOf(control, 'seldom')).toMatchObject({ outcome: 'completed', error: null });
    expect(await control.run('unknown')).toBe(null);
  });
});

test('A database in which no worker has created the queues is told from one that does not answer', async () => {
  const fresh = await createDatabase();
  const errors: unknown[] = [];
  const attempt = async (url: string) => {
    const control = openQueueControl({ kind: 'postgres', url });
    await control.queues().catch((error) => errors.push(error));
    await control.close();
  };
  await prepareDatabase({ url: fresh.url, log: () => {} });
  await attempt(fresh.url);
  await attempt('postgres://127.0.0.1:1/none');
  await fresh.drop();
  expect(errors.map(isWithoutQueues)).toEqual([true, false]);
});

test.runIf(hasRedis)(
  'A Redis in which no worker has created the queues is told from others, and stays empty',
  async () => {
    const redis = await startRedis();
    const control = openQueueControl({ kind: 'redis', url: redis.url });
    const calls = [
      control.queues(),
      control.jobs(),
      control.pause('ledger'),
      control.resume('ledger'),
      control.run('x'),
    ];
    const errors = await Promise.all(calls.map((call) => call.then(() => null).catch((error: unknown) => error)));
    await control.close();
    const client = new Redis(redis.url);
    const keys = await client.keys('*');
    client.disconnect();
    await redis.stop();
    expect(errors.map(isWithoutQueues)).toEqual([true, true, true, true, true]);
    expect(keys).toEqual([]);
  },
);

test('A schedule of an earlier release remembers as many runs as this one, and is then left alone', async () => {
  const queueName = `test-${randomUUID()}`;
  const connection = { connectionString: database.url, options: '-c role=ledger_worker', max: 1 };
  const queue = new (withBackend(createPostgresBackend).Queue)(queueName, { connection });
  open.push(queue);
  const template = { name: 'daily', opts: { removeOnComplete: 10, removeOnFail: 100 } };
  await queue.upsertJobScheduler('daily', { every: 86_400_000 }, template);
  const jobs = [{ name: 'daily', everySeconds: 86_400, run: async () => undefined }];
  const onError = () => undefined;
  const start = async () => {
    const schedule = await startSchedule(jobs, {
      backend: { kind: 'postgres', url: database.url },
      queueName,
      onError,
    });
    open.push(schedule);
    return queue.getJobScheduler('daily');
  };
  const first = await start();
  expect(first?.template?.opts).toEqual({ removeOnComplete: 200, removeOnFail: 100 });
  await condition('its run', async () => (await queue.getJobCounts('completed')).completed === 1);
  const before = await queue.getJobScheduler('daily');
  expect(await start()).toEqual(before);
});
