import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { countParked, listParked } from '../../src/projections/parked.ts';
import { replayParked } from '../../src/projections/replay-parked.ts';
import { runProjector } from '../../src/projections/run.ts';
import { checkStreams } from '../../src/projections/verify/check-streams.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, customer, rival } from '../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, quiet, readModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  running = await startStore();
  store = running.connect();
  return () => running.stop();
});

const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });
const devices = 20;

/** Runs a projector for which 10 rows are many; `reachEnd` waits until it has handled the whole log. */
const startProjector = () => {
  const stop = new AbortController();
  const projector = runProjector({ store, pool: models.projector, log: quiet, signal: stop.signal, rowsMax: 10 });
  return {
    reachEnd: async () => {
      const head = await store.head({ timeoutMs: 5_000 });
      await eventually(projector.position).toBe(head?.commit);
    },
    stop: async () => {
      stop.abort();
      await projector.done;
    },
  };
};

/** A license with open devices, and a license of another tenant, both appended. */
const appendLicenses = async () => {
  const ledger = createLog();
  const large = ledger.issue('large', { holderOrgId: customer, activations: devices + 2 });
  for (let index = 0; index < devices; index++) ledger.activate(large, `device ${index}`);
  const other = ledger.issue('other', { issuerOrgId: rival });
  let appended = 0;
  const append = async () => {
    await appendLog(store, ledger.log.slice(appended));
    appended = ledger.log.length;
  };
  await append();
  return { ledger, large, other, append };
};

/** Locks the devices of a license, so that no statement changes them, until the returned function is called. */
const lockDevices = async (licenseId: string) => {
  const db = await models.superuser.connect();
  await db.query('begin');
  await db.query('select from rm.activations where license_id = $1 for update', [licenseId]);
  return async () => {
    await db.query('rollback');
    db.release();
  };
};

const leftOut = async () => (await listParked(models.projector, readModels)).map(({ stream }) => stream);
const rowOf = async (licenseId: string) => {
  const { rows } = await models.superuser.query<{ holder: string | null; revision: string; open: number }>(
    `select l.holder_org_id as holder, l.revision, (select count(*)::integer from rm.activations a
        where a.license_id = l.license_id and a.deactivated_at is null
          and a.holder_org_id is not distinct from l.holder_org_id) as open
      from rm.licenses l where license_id = $1`,
    [licenseId],
  );
  return rows[0];
};
const expectRowsAsLog = async (licenseId: string) => {
  const upTo = (await store.head({ timeoutMs: 5_000 }))?.commit ?? 0n;
  const differences = await transaction(models.projector, 'begin read only', (db) =>
    checkStreams([`license-${licenseId}`], { store, db, upTo }),
  );
  expect(differences).toEqual([]);
};

test.each(['RELEASE', 'KEEP'] as const)(
  'While a transfer with %s changes very many rows, events of other tenants are projected, and none of its own is lost',
  async (choice) => {
    const { ledger, large, other, append } = await appendLicenses();
    const projector = startProjector();
    try {
      await projector.reachEnd();
      const unlock = await lockDevices(large);
      ledger.send(large, {
        type: 'Transfer',
        data: { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: choice },
      });
      await append();
      ledger.activate(other, 'theirs');
      await append();
      await projector.reachEnd();
      expect(await leftOut()).toEqual([`license-${large}`]);
      // Nobody has to do anything about it.
      expect(await countParked(models.projector, readModels)).toBe(0);
      expect([await rowOf(large), await rowOf(other)]).toMatchObject([
        { holder: customer },
        { revision: '2', open: 1 },
      ]);
      // Of the new holder, while the transfer is not in the rows.
      ledger.activate(large, 'new');
      await append();
      await projector.reachEnd();
      await unlock();
      await eventually(leftOut).toEqual([]);
      expect(await rowOf(large)).toMatchObject({ holder: rival, open: choice === 'KEEP' ? devices + 1 : 1 });
      await expectRowsAsLog(large);
      ledger.activate(large, 'last');
      await append();
      await projector.reachEnd();
      await expectRowsAsLog(large);
    } finally {
      await projector.stop();
    }
  },
);

test('What one projector has set aside is brought in by two others at once, once', async () => {
  const { ledger, large, append } = await appendLicenses();
  const first = startProjector();
  await first.reachEnd();
  const unlock = await lockDevices(large);
  ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
  await append();
  await first.reachEnd();
  const stopped = first.stop();
  const others = [startProjector(), startProjector()];
  try {
    await unlock();
    await stopped;
    await eventually(leftOut).toEqual([]);
    expect(await rowOf(large)).toMatchObject({ open: 0 });
    await expectRowsAsLog(large);
  } finally {
    await Promise.all(others.map((projector) => projector.stop()));
  }
});

test('A stream whose rows Postgres refuses is parked, and says why', async () => {
  const { ledger, large, append } = await appendLicenses();
  const projector = startProjector();
  try {
    await projector.reachEnd();
    await models.superuser.query('alter table rm.activations add constraint refused check (cause is null)');
    ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    await append();
    await eventually(() => countParked(models.projector, readModels)).toBe(1);
    expect(await listParked(models.projector, readModels)).toMatchObject([
      { stream: `license-${large}`, eventType: 'LicenseRevoked', error: expect.stringContaining('refused') },
    ]);
    expect(await rowOf(large)).toMatchObject({ open: devices });
  } finally {
    await models.superuser.query('alter table rm.activations drop constraint refused');
    await projector.stop();
  }
});

describe('a sweep that takes long', () => {
  beforeEach(async () => {
    await models.superuser.query(`
      create table public.gate as select true as shut;
      grant select on public.gate to ledger_projector;
      create function public.slow() returns trigger language plpgsql as $$ begin
        while exists (select from public.gate) loop perform pg_sleep(0.01); end loop;
        return new;
      end $$;
      create trigger slow before update on rm.activations for each row execute function public.slow()`);
    return () => models.superuser.query('drop function public.slow cascade; drop table public.gate');
  });
  const openGate = () => models.superuser.query('delete from public.gate');
  const sweeping = `from pg_stat_activity where state = 'active' and query like 'update activations%'`;
  const isSweeping = async () => ((await models.superuser.query(`select ${sweeping}`)).rowCount ?? 0) > 0;

  test('goes on when the projector loses its connection, and no other tenant waits for it', async () => {
    const { ledger, large, other, append } = await appendLicenses();
    const projectors = [startProjector(), startProjector()];
    try {
      await Promise.all(projectors.map((projector) => projector.reachEnd()));
      ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
      await append();
      await eventually(isSweeping).toBe(true);
      // An operator need not do anything, and does no harm.
      const replay = replayParked({ store, pool: models.projector, projection: readModels }, `license-${large}`);
      expect(await replay).toEqual({ outcome: 'set_aside' });
      await models.superuser.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'ledger-projector' and datname = current_database() and state = 'idle'`);
      ledger.activate(other, 'theirs');
      await append();
      await Promise.race(projectors.map((projector) => projector.reachEnd()));
      expect([await isSweeping(), await rowOf(other)]).toMatchObject([true, { open: 1 }]);
      await openGate();
      await eventually(leftOut).toEqual([]);
      expect(await rowOf(large)).toMatchObject({ open: 0 });
      await expectRowsAsLog(large);
    } finally {
      await Promise.all(projectors.map((projector) => projector.stop()));
    }
  });

  test('is tried again when its statement was cancelled once, and parks nothing', async () => {
    const { ledger, large, append } = await appendLicenses();
    const projector = startProjector();
    try {
      await projector.reachEnd();
      ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
      await append();
      await eventually(isSweeping).toBe(true);
      await models.superuser.query(`select pg_cancel_backend(pid) ${sweeping}`);
      await openGate();
      await eventually(leftOut).toEqual([]);
      expect(await rowOf(large)).toMatchObject({ open: 0 });
      await expectRowsAsLog(large);
    } finally {
      await projector.stop();
    }
  });
});
