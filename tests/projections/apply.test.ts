import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyBatch } from '../../src/projections/apply.ts';
import { readCheckpoint } from '../../src/projections/checkpoint.ts';
import { Unprojectable } from '../../src/projections/fold/fold-batch.ts';
import { createLog, randomFrom, testId } from '../support/license-fixtures.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project, readModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => empty());

const empty = () => emptyReadModels(models.superuser);
const dump = () => dumpReadModels(models.superuser);
const start = async () => (await readCheckpoint(models.projector, readModels)).position;

const log = randomLog(sized(10_000));
const lastPosition = log.at(-1)?.position ?? { commit: 0n, prepare: 0n };

describe('A projection', () => {
  test.each([1, 7, 500])('in batches of %i makes the same rows as in one batch', async (batchSize) => {
    await project(models.projector, log, log.length);
    const whole = await dump();
    await empty();
    await project(models.projector, log, batchSize);
    expect(await dump()).toEqual(whole);
    for (const rows of Object.values(whole)) expect(rows.length).toBeGreaterThan(0);
  });
});

describe('A repeated delivery', () => {
  test('of every event changes nothing but the checkpoint', async () => {
    await project(models.projector, log);
    const before = await dump();
    const to = { commit: lastPosition.commit + 1n, prepare: lastPosition.commit + 1n };
    expect(await applyBatch(models.projector, readModels, { from: lastPosition, events: log, to })).toBe(true);
    expect(await dump()).toEqual(before);
    expect(await start()).toEqual(to);
  });

  test('from another checkpoint is refused and changes nothing', async () => {
    await project(models.projector, log.slice(0, 100));
    const before = await dump();
    const batch = { from: 'start', events: log, to: lastPosition } as const;
    expect(await applyBatch(models.projector, readModels, batch)).toBe(false);
    expect(await dump()).toEqual(before);
  });

  test('of no events moves the checkpoint forward, and never back', async () => {
    await project(models.projector, log);
    const moved = { commit: lastPosition.commit + 500n, prepare: lastPosition.commit + 500n };
    const idle = (from: typeof moved, to: typeof moved) =>
      applyBatch(models.projector, readModels, { from, events: [], to });
    expect(await idle(lastPosition, moved)).toBe(true);
    expect(await start()).toEqual(moved);
    expect(await idle(moved, lastPosition)).toBe(false);
    expect(await start()).toEqual(moved);
  });
});

describe('An event that does not fit', () => {
  const ledger = createLog();
  const licenseId = ledger.issue('gap');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  const [issued, keyed, first, second] = ledger.log;
  const apply = async (events: typeof ledger.log) =>
    applyBatch(models.projector, readModels, { from: await start(), events, to: lastPosition });

  test('because of a gap stops the whole batch, and the error names its stream and revision', async () => {
    if (!issued || !keyed || !first || !second) throw new Error('The fixture is too short.');
    const error = await apply([issued, keyed, second]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unprojectable);
    expect(error).toMatchObject({ recorded: { stream: `license-${licenseId}`, revision: 3n } });
    expect(String(error)).toContain('revision 2 was expected');
    expect((await dump()).licenses).toEqual([]);
    expect(await start()).toBe('start');
  });

  test('because of its unknown type stops the batch, and the error names it', async () => {
    if (!issued || !keyed) throw new Error('The fixture is too short.');
    const error = await apply([issued, { ...keyed, type: 'LicenseGilded' }]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ recorded: { stream: `license-${licenseId}`, revision: 1n } });
  });

  test('because it belongs to another stream stops the batch', async () => {
    if (!issued) throw new Error('The fixture is too short.');
    const stray = { ...issued, stream: `license-${testId('lic', 'stray')}` };
    await expect(apply([stray])).rejects.toThrow('which is not the license of its stream');
  });
});

describe('A statement that fails', () => {
  // The statement for the table after it takes long.
  const slow = `create function public.take_long() returns trigger language plpgsql as $$
      begin perform pg_sleep(1); return null; end $$;
    create trigger take_long before insert on rm.license_events for each statement execute function public.take_long()`;

  test('fails the batch only after the statements that were sent with it', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('devices');
    ledger.activate(licenseId, 'a');
    await project(models.projector, ledger.log);
    const known = ledger.log.length;
    const from = await start();
    ledger.deactivate(licenseId, 'a');
    await models.superuser.query('delete from rm.activations');
    await models.superuser.query(slow);
    try {
      const batch = { from, events: ledger.log.slice(known), to: lastPosition };
      await expect(applyBatch(models.projector, readModels, batch)).rejects.toThrow('Of these rows of activations');
      const working = `select query from pg_stat_activity
        where datname = current_database() and usename = 'ledger_projector' and state = 'active'`;
      expect((await models.superuser.query(working)).rows).toEqual([]);
    } finally {
      await models.superuser.query('drop function public.take_long() cascade');
    }
  });
});

/** Returns a pool with sessions that the server ends just before some commits, as a crash does. */
const crashing = (pool: Pool, crashes: () => boolean): Pool => {
  const connect = async () => {
    const db = await pool.connect();
    if (db.listenerCount('error') < 2) db.on('error', () => {});
    const query = db.query.bind(db);
    const crashingQuery = async (...args: Parameters<typeof query>): Promise<unknown> => {
      if (String(args[0]) === 'commit' && crashes()) {
        const { rows } = await query('select pg_backend_pid() as pid');
        await models.superuser.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
      }
      return query(...args);
    };
    return new Proxy(db, { get: (target, name) => (name === 'query' ? crashingQuery : Reflect.get(target, name)) });
  };
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name).bind?.(target)),
  });
};

describe('A crash', () => {
  test('before a commit undoes rows and checkpoint, and a restart makes the same rows', async () => {
    await project(models.projector, log, 40);
    const expected = await dump();
    await empty();
    const random = randomFrom(3);
    let crashes = 0;
    const pool = crashing(models.projector, () => {
      const now = random() < 0.3;
      if (now) crashes += 1;
      return now;
    });
    for (;;) {
      const done = await project(pool, log, 40).then(
        () => true,
        () => false,
      );
      if (done) break;
    }
    expect(crashes).toBeGreaterThan(0);
    expect(await dump()).toEqual(expected);
  });

  test('of two projectors that run at once leaves every row as the log makes it', async () => {
    await project(models.projector, log, 40);
    const expected = await dump();
    await empty();
    const random = randomFrom(5);
    let fenced = 0;
    const projector = async () => {
      const pool = crashing(models.projector, () => random() < 0.05);
      for (;;) {
        const finished = await project(pool, log, 1 + Math.floor(random() * 10)).then(
          () => true,
          (error: Error) => {
            if (error.message.includes('fenced')) fenced += 1;
            return false;
          },
        );
        if (finished) return;
      }
    };
    // Both get a connection before the first one begins.
    for (const db of await Promise.all([models.projector.connect(), models.projector.connect()])) db.release();
    await Promise.all([projector(), projector()]);
    expect(fenced).toBeGreaterThan(0);
    expect(await dump()).toEqual(expected);
  });
});

test('Each version of the read models has its own checkpoint', async () => {
  await project(models.projector, log.slice(0, 10));
  expect(await readCheckpoint(models.projector, { name: 'read-models', version: 2 })).toEqual({
    position: 'start',
    lastEvent: null,
  });
  const { lastEvent } = await readCheckpoint(models.projector, readModels);
  expect(lastEvent).toMatchObject({ id: log[9]?.id, stream: log[9]?.stream, revision: log[9]?.revision });
});
