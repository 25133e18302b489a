import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { migrateQueue, type QueueBackend, type Schedule, startSchedule } from '../../src/workers/queue.ts';
import { createDatabase } from '../support/database.ts';
import { condition } from '../support/product.ts';
import { startProxy } from '../support/proxy.ts';

const redisUrl = process.env.TEST_REDIS_URL;
if (!redisUrl) console.log('The queue was not tested on Redis: TEST_REDIS_URL is not set.');

let database: Awaited<ReturnType<typeof createDatabase>>;
const open: Schedule[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await prepareDatabase({ url: database.url, log: () => {} });
  await migrateQueue(database.url);
});
afterAll(async () => {
  await Promise.all(open.map((schedule) => schedule.close()));
  await database.drop();
});

const backends: [string, () => QueueBackend][] = [['Postgres', () => ({ kind: 'postgres', url: database.url })]];
if (redisUrl) backends.push(['Redis', () => ({ kind: 'redis', url: redisUrl })]);

// Jobs run once a second, so the schedules wait at the same time.
describe.concurrent.each(backends)('A schedule on %s', (_, backend) => {
  const start = async (run: () => Promise<unknown>, errors: unknown[] = [], queueName = `test-${randomUUID()}`) => {
    const onError = (error: unknown) => errors.push(error);
    const job = { name: 'sweep', everySeconds: 1, run };
    const schedule = await startSchedule([job], { backend: backend(), queueName, onError, scheduleCheckMs: 200 });
    open.push(schedule);
    return { schedule, queueName };
  };

  test('runs its job again and again', async () => {
    let runs = 0;
    await start(async () => runs++);
    await condition('three runs', () => runs >= 3);
  });

  test('reports a failed job and continues', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    await start(async () => {
      runs += 1;
      if (runs === 1) throw new Error('first run fails');
    }, errors);
    await condition('a run after the failed one', () => runs >= 2);
    expect(errors).toEqual([expect.objectContaining({ message: 'first run fails' })]);
  });

  test('is shared by several workers, and continues when one of them stops', async () => {
    const runs = { first: 0, second: 0 };
    const { schedule, queueName } = await start(async () => runs.first++);
    await start(async () => runs.second++, [], queueName);
    await condition('runs on any worker', () => runs.first + runs.second >= 2);
    await schedule.close();
    const before = runs.second;
    await condition('runs on the worker that is left', () => runs.second >= before + 2);
  });
});

// BullMQ waits for 15 seconds between its attempts, unless told otherwise, and a close does not end that.
test('After the end of Postgres a schedule closes within the time that a stop may take', async () => {
  const url = new URL(database.url);
  const proxy = await startProxy(Number(url.port));
  url.port = String(proxy.port);
  let hasStarted = false;
  let end = () => {};
  const run = () => {
    hasStarted = true;
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  };
  const backend = { kind: 'postgres', url: url.href } as const;
  const queueName = `test-${randomUUID()}`;
  const jobs = [{ name: 'sweep', everySeconds: 1, run }];
  const schedule = await startSchedule(jobs, { backend, queueName, onError: () => undefined });
  await condition('a run', () => hasStarted);
  await proxy.stop();
  // The worker cannot store the end of its job, and waits before it tries again.
  end();
  await new Promise(setImmediate);
  await schedule.close();
}, 12_000);

test('A second migration of the queue changes nothing', async () => {
  await expect(migrateQueue(database.url)).resolves.toBeUndefined();
});

test('Workers that start at the same time on a new database all get their tables', async () => {
  const fresh = await createDatabase();
  await prepareDatabase({ url: fresh.url, log: () => {} });
  const starts = await Promise.allSettled(Array.from({ length: 8 }, () => migrateQueue(fresh.url)));
  await fresh.drop();
  expect(starts.map(({ status }) => status)).toEqual(starts.map(() => 'fulfilled'));
});
