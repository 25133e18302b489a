import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/projections/apply.ts';
import { readCheckpoint } from '../../src/projections/checkpoint.ts';
import { beginProjecting, markOtherLog } from '../../src/projections/level.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../../src/projections/projected.ts';
import { ownRelease } from '../../src/projections/release.ts';
import { createReadModels, quiet, readModels, rewindCheckpoints } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let waiter: ProjectedWaiter;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(async () => {
  await rewindCheckpoints(models.superuser);
  waiter = createProjectedWaiter({ url: models.url, log: quiet });
});
afterEach(() => waiter.stop());

/** Moves the checkpoint as the projector does. */
const project = async (commit: bigint) => {
  const { position } = await readCheckpoint(models.projector, readModels);
  await applyBatch(models.projector, readModels, { from: position, events: [], to: { commit, prepare: commit } });
};
const longMs = 25_000;

test('A reader waits until its position is projected, and not longer', async () => {
  const waits = [100n, 200n, 300n].map((position) => waiter.waitFor(position, longMs));
  await project(200n);
  expect(await Promise.all(waits.slice(0, 2))).toEqual([true, true]);
  expect(waiter.current()).toBe(200n);
  await project(300n);
  expect(await waits[2]).toBe(true);
});

test('A wait for a known position needs no database', async () => {
  await project(100n);
  await waiter.waitFor(100n, longMs);
  await waiter.stop();
  expect(await waiter.waitFor(100n, 0)).toBe(true);
  expect(await waiter.waitFor(101n, longMs)).toBe(false);
});

test('A wait for a missing position ends after its time limit', async () => {
  await project(100n);
  expect(await waiter.waitFor(101n, 10)).toBe(false);
});

test('A waiting reader sees a checkpoint that moves without a notice', async () => {
  const wait = waiter.waitFor(50n, longMs);
  await models.superuser.query('update ops.checkpoints set commit_position = 60, prepare_position = 60');
  expect(await wait).toBe(true);
});

test('After a lost connection the waiter forgets its position, reconnects and goes on', async () => {
  await project(100n);
  await waiter.waitFor(100n, longMs);
  const wait = waiter.waitFor(200n, longMs);
  // A crash may restore rows to an earlier state that were not flushed.
  await models.superuser.query('update ops.checkpoints set commit_position = 90, prepare_position = 90');
  await models.superuser.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where application_name = 'ledger-projected' and datname = current_database()`,
  );
  await expect.poll(() => waiter.current(), { timeout: 20_000 }).toBe(90n);
  await project(200n);
  expect(await wait).toBe(true);
});

describe('A known position is no longer known', () => {
  const known = async (position: bigint) => {
    await project(position);
    expect(await waiter.waitFor(position, longMs)).toBe(true);
  };

  test('after another version took over that ends before it, as with a restored log', async () => {
    await known(500n);
    await models.superuser.query(`
      insert into ops.projection_versions (projection, version, state, shape, is_level)
        select projection, 7, 'building', shape, true from ops.projection_versions;
      insert into ops.checkpoints (projection, version) values ('read-models', 7);
      begin;
      update ops.projection_versions set state = case version when 7 then 'active' else 'previous' end;
      commit`);
    const next = { name: 'read-models', version: 7 };
    await applyBatch(models.projector, next, { from: 'start', events: [], to: { commit: 90n, prepare: 90n } });
    await expect.poll(() => waiter.current()).toBe(90n);
    expect(await waiter.waitFor(100n, 10)).toBe(false);
    const wait = waiter.waitFor(100n, longMs);
    const to = { commit: 100n, prepare: 100n };
    await applyBatch(models.projector, next, { from: { commit: 90n, prepare: 90n }, events: [], to });
    expect(await wait).toBe(true);
    await models.superuser.query(`delete from ops.checkpoints where version = 7;
      delete from ops.projection_versions where version = 7; update ops.projection_versions set state = 'active'`);
  });

  test('while the projector reports that the log is another one', async () => {
    await known(500n);
    await markOtherLog(models.projector, readModels);
    await expect.poll(() => waiter.current()).toBeNull();
    expect(await waiter.waitFor(301n, 100)).toBe(false);
    await beginProjecting(models.projector, readModels, ownRelease(), null);
    expect(await waiter.waitFor(301n, longMs)).toBe(true);
  });

  test('after a caller doubts it, until the checkpoint is read again', async () => {
    await known(500n);
    // A crash moves it without a notice.
    await models.superuser.query('update ops.checkpoints set commit_position = 90, prepare_position = 90');
    waiter.doubt();
    expect(waiter.current()).toBeNull();
    expect(await waiter.waitFor(100n, 100)).toBe(false);
    expect(waiter.current()).toBe(90n);
  });
});

test('Stopping the waiter ends every wait', async () => {
  const wait = waiter.waitFor(1_000n, longMs);
  await waiter.stop();
  expect(await wait).toBe(false);
});

describe('A caller that listens to the projector', () => {
  const never = new AbortController().signal;
  const listening = () => waiter.waitFor(0n, longMs);
  const hear = (since: number, options: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
    waiter.hear(since, { timeoutMs: longMs, signal: never, ...options });

  test('wakes at each commit, also at one that came before it began to wait', async () => {
    await project(0n);
    await listening();
    for (const position of [100n, 200n]) {
      const since = waiter.heard();
      const heard = hear(since);
      await project(position);
      await heard;
      expect(waiter.heard()).toBeGreaterThan(since);
      await hear(since);
    }
  });

  test('wakes at a lower position too, because another version may serve', async () => {
    await project(500n);
    await listening();
    const heard = hear(waiter.heard());
    await rewindCheckpoints(models.superuser);
    await project(100n);
    await heard;
  });

  test('stops waiting after its time limit, and when its signal is aborted', async () => {
    await hear(waiter.heard(), { timeoutMs: 10 });
    const ending = new AbortController();
    const ended = hear(waiter.heard(), { signal: ending.signal });
    ending.abort();
    await ended;
    await hear(waiter.heard(), { signal: ending.signal });
    const stopped = hear(waiter.heard());
    await waiter.stop();
    await stopped;
    await hear(waiter.heard());
  });

  test('wakes after a lost connection to read again', async () => {
    await project(0n);
    await listening();
    const heard = hear(waiter.heard());
    await models.superuser.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where application_name = 'ledger-projected' and datname = current_database()`,
    );
    await heard;
    const again = hear(waiter.heard());
    await project(100n);
    await again;
  });
});
