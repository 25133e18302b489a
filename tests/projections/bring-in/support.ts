import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { EventStore } from '../../../src/eventstore/event-store.ts';
import { listParked } from '../../../src/projections/parked.ts';
import { runProjector } from '../../../src/projections/run-projector.ts';
import { checkStreams } from '../../../src/projections/verify/check-streams.ts';
import { inSnapshot } from '../../../src/projections/verify/in-snapshot.ts';
import { activeProjection } from '../../../src/projections/versions.ts';
import { appendLog } from '../../support/append-log.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { createLog, customer, rival } from '../../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, quiet } from '../../support/read-models.ts';

export const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });
export const devices = 20;

/** Creates read models and, for each test, an empty event store. */
export const useLargeLicenses = () => {
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

  /** Runs a projector for which 10 rows are many. `reachEnd` waits until it has handled the whole log. */
  const startProjector = (pool: Pool = models.projector) => {
    const stop = new AbortController();
    const projector = runProjector({ store, pool, log: quiet, signal: stop.signal, rowsMax: 10 });
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

  /** Appends a license with open devices, and a license of another tenant. */
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

  /** Returns the row of a license with the number of open devices that its holder has. */
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
    const differences = await inSnapshot(models.projector, (db) =>
      checkStreams([`license-${licenseId}`], { store, db, upTo }),
    );
    expect(differences).toEqual([]);
  };

  return {
    models: () => models,
    store: () => store,
    startProjector,
    appendLicenses,
    /** Returns the streams that the serving version leaves out. */
    leftOut: async () =>
      (await listParked(models.projector, await activeProjection(models.projector))).map(({ stream }) => stream),
    rowOf,
    expectRowsAsLog,
  };
};

/** Holds each sweep over devices at a gate, which is shut at the beginning of each test. */
export const useGate = (superuser: () => Pool) => {
  beforeEach(async () => {
    await superuser().query(`
      create table public.gate as select true as shut;
      grant select on public.gate to ledger_projector;
      create function public.slow() returns trigger language plpgsql as $$ begin
        while exists (select from public.gate) loop perform pg_sleep(0.01); end loop;
        return new;
      end $$;
      create trigger slow before update on rm.activations for each row execute function public.slow()`);
    return () => superuser().query('drop function public.slow cascade; drop table public.gate');
  });
  const sweeping = `from pg_stat_activity
    where datname = current_database() and state = 'active' and query like 'update activations%'`;
  return {
    openGate: () => superuser().query('delete from public.gate'),
    isSweeping: async () => ((await superuser().query(`select ${sweeping}`)).rowCount ?? 0) > 0,
    cancelSweep: () => superuser().query(`select pg_cancel_backend(pid) ${sweeping}`),
  };
};
