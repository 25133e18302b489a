import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../../src/projections/connect.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { appendLog } from '../../support/append-log.ts';
import { createLog } from '../../support/license-fixtures.ts';
import { quiet } from '../../support/read-models.ts';
import { eventually, useProjections } from './support.ts';

const { models, store, projection, listStreams, parked, revisionOf, projecting } = useProjections();

/** Runs `work` while another session holds the locks of a statement. */
const locking = async (sql: string, values: readonly unknown[], work: () => Promise<unknown>) => {
  const db = await models().superuser.connect();
  try {
    await db.query('begin');
    await db.query(sql, [...values]);
    await work();
  } finally {
    await db.query('rollback');
    db.release();
  }
};

describe('An event that takes too long', () => {
  let impatient: Pool;
  beforeAll(() => {
    const url = `${models().url}?options=${encodeURIComponent('-c statement_timeout=500 -c lock_timeout=200')}`;
    impatient = createPool({ url, role: 'ledger_projector', max: 2, log: quiet });
  });
  afterAll(() => impatient.end());

  /** Slows down writes of the row of one license, or of all. Returns how to undo that. */
  const slow = async (seconds: number, licenseId?: string) => {
    const when = licenseId === undefined ? '' : `when (new.license_id = '${licenseId}' and new.revision >= 2)`;
    await models().superuser.query(`create function rm.wait() returns trigger language plpgsql as
        $$ begin perform pg_sleep(${seconds}); return new; end $$;
      create trigger waits before insert or update on rm.licenses for each row ${when} execute function rm.wait()`);
    return () => models().superuser.query('drop trigger waits on rm.licenses; drop function rm.wait()');
  };
  const twentyLicenses = async () => {
    const ledger = createLog();
    const ids = Array.from({ length: 20 }, (_, index) => ledger.issue(`license ${index}`));
    for (const id of ids) ledger.activate(id, 'a');
    await appendLog(store(), ledger.log);
    return ids;
  };

  test('three times alone parks its stream, delays no other stream, and succeeds in a replay with more time', async () => {
    const ids = await twentyLicenses();
    const [sick = ''] = ids.slice(7);
    const mend = await slow(2, sick);
    try {
      await projecting((caughtUp) => caughtUp(), quiet, impatient);
      expect(await listStreams()).toMatchObject([
        { stream: `license-${sick}`, fromRevision: 2n, error: expect.stringContaining('statement timeout') },
      ]);
      expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map((id) => (id === sick ? 1 : 2)));
      const needs = { store: store(), pool: impatient, projection };
      expect(await replayParked(needs, `license-${sick}`)).toMatchObject({ outcome: 'parked' });
      expect(await replayParked({ ...needs, statementMs: 30_000 }, `license-${sick}`)).toEqual({ outcome: 'replayed' });
      expect(await revisionOf(sick)).toBe(2);
    } finally {
      await mend();
    }
  });

  test('only together with others parks nothing', async () => {
    const ids = await twentyLicenses();
    const mend = await slow(0.05);
    try {
      await projecting((caughtUp) => caughtUp(), quiet, impatient);
      expect(await parked()).toEqual([]);
      expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map(() => 2));
    } finally {
      await mend();
    }
  });

  test('because of a lock on the row of one license parks only that license', async () => {
    const ids = await twentyLicenses();
    await projecting((caughtUp) => caughtUp(), quiet, impatient);
    const ledger = createLog();
    const [sick = '', well = ''] = ids;
    for (const name of ['license 0', 'license 1']) ledger.activate(ledger.issue(name), 'a');
    const before = ledger.log.length;
    for (const id of [sick, well]) ledger.activate(id, 'b');
    await appendLog(store(), ledger.log.slice(before));
    await locking('select from rm.licenses where license_id = $1 for update', [sick], () =>
      projecting((caughtUp) => caughtUp(), quiet, impatient),
    );
    expect(await parked()).toEqual([`license-${sick}`]);
    expect(await Promise.all([sick, well].map(revisionOf))).toEqual([2, 3]);
  });

  test.each([
    ['a whole table', 'lock table rm.activations in share mode'],
    ['the checkpoint', 'select from ops.checkpoints for update'],
  ])('while %s is locked parks nothing, and the projector goes on afterwards', async (_, lock) => {
    const ids = await twentyLicenses();
    let problems = 0;
    const log = { ...quiet, warn: () => void problems++ };
    await projecting(
      async (caughtUp) => {
        await locking(lock, [], () => eventually(() => problems).toBeGreaterThan(3));
        await caughtUp();
      },
      log,
      impatient,
    );
    expect(await parked()).toEqual([]);
    expect(await Promise.all(ids.map(revisionOf))).toEqual(ids.map(() => 2));
  });
});

test('No stream is parked when others hold the checkpoint only during each attempt', async () => {
  // This acts like replays that take turns with the projector: it can rewrite the checkpoint, but cannot move it.
  await models().superuser.query(`create sequence public.holds;
    create function public.hold() returns trigger language plpgsql security definer as $$ begin
      if nextval('public.holds') <= 4 then
        raise exception 'canceling statement due to lock timeout' using errcode = '55P03';
      end if;
      return new; end $$;
    create trigger holds before update of commit_position on ops.checkpoints
      for each row when (new.commit_position is not null) execute function public.hold()`);
  try {
    const ledger = createLog();
    const licenseId = ledger.issue('innocent');
    await appendLog(store(), ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(1);
  } finally {
    await models().superuser.query(
      'drop trigger holds on ops.checkpoints; drop function public.hold; drop sequence public.holds',
    );
  }
});

test('A serialization failure is retried until it passes, and parks nothing', async () => {
  await models().superuser.query(`create sequence rm.tries; grant usage on rm.tries to ledger_projector;
    create function rm.fail_at_first() returns trigger language plpgsql as $$ begin
      if nextval('rm.tries') < 20 then raise exception 'not now' using errcode = '40001'; end if;
      return new; end $$;
    create trigger fails before insert on rm.licenses for each row execute function rm.fail_at_first()`);
  try {
    const ledger = createLog();
    const licenseId = ledger.issue('unlucky');
    await appendLog(store(), ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(1);
  } finally {
    await models().superuser.query(
      'drop trigger fails on rm.licenses; drop function rm.fail_at_first; drop sequence rm.tries',
    );
  }
});
