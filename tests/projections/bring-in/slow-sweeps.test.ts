import type { Pool } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { createPool } from '../../../src/projections/connect.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { rival } from '../../support/license-fixtures.ts';
import { quiet, readModels } from '../../support/read-models.ts';
import { devices, eventually, useGate, useLargeLicenses } from './support.ts';

const { models, store, startProjector, appendLicenses, leftOut, rowOf, expectRowsAsLog } = useLargeLicenses();
const { openGate, isSweeping, cancelSweep } = useGate(() => models().superuser);

describe('A sweep that takes long', () => {
  test('goes on when the projector loses its connection, and no other tenant waits for it', async () => {
    const { ledger, large, other, append } = await appendLicenses();
    const projectors = [startProjector(), startProjector()];
    try {
      await Promise.all(projectors.map((projector) => projector.reachEnd()));
      ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
      await append();
      await eventually(isSweeping).toBe(true);
      // A replay by an operator is not needed, and does no harm.
      const replay = replayParked(
        { store: store(), pool: models().projector, projection: readModels },
        `license-${large}`,
      );
      expect(await replay).toEqual({ outcome: 'set_aside' });
      await models().superuser.query(`select pg_terminate_backend(pid) from pg_stat_activity
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

  test('is retried after its statement was cancelled once, and parks nothing', async () => {
    const { ledger, large, append } = await appendLicenses();
    const projector = startProjector();
    try {
      await projector.reachEnd();
      ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
      await append();
      await eventually(isSweeping).toBe(true);
      await cancelSweep();
      await openGate();
      await eventually(leftOut).toEqual([]);
      expect(await rowOf(large)).toMatchObject({ open: 0 });
      await expectRowsAsLog(large);
    } finally {
      await projector.stop();
    }
  });

  test('is written in several steps when its stream gets many events meanwhile', async () => {
    const { ledger, large, append } = await appendLicenses();
    const pool = createPool({ url: models().url, role: 'ledger_projector', max: 4, log: quiet });
    const statements = recordStatements(pool);
    const projector = startProjector(pool);
    try {
      await projector.reachEnd();
      const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
      ledger.send(large, { type: 'Transfer', data: transfer });
      await append();
      await eventually(isSweeping).toBe(true);
      // More events than one step may write while the projector waits.
      for (let index = 0; index < 30; index++) {
        ledger.activate(large, 'again');
        ledger.deactivate(large, 'again');
      }
      await append();
      await projector.reachEnd();
      await openGate();
      await eventually(leftOut).toEqual([]);
      expect(statements()).toContain('rollback to savepoint unheld');
      expect(await rowOf(large)).toMatchObject({ holder: rival, open: devices });
      await expectRowsAsLog(large);
    } finally {
      await projector.stop();
      await pool.end();
    }
  });

  test('waits with its end until nobody else holds the checkpoint', async () => {
    const { ledger, large, append } = await appendLicenses();
    const impatient = `${models().url}?options=${encodeURIComponent('-c lock_timeout=100')}`;
    const pool = createPool({ url: impatient, role: 'ledger_projector', max: 4, log: quiet });
    const statements = recordStatements(pool);
    const projector = startProjector(pool);
    const holder = await models().superuser.connect();
    try {
      await projector.reachEnd();
      ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
      await append();
      await eventually(isSweeping).toBe(true);
      await projector.reachEnd();
      await holder.query('begin; select from ops.checkpoints for update');
      await openGate();
      await eventually(statements).toContain('rollback to savepoint unheld');
      expect(await leftOut()).toEqual([`license-${large}`]);
      await holder.query('rollback');
      await eventually(leftOut).toEqual([]);
      expect(await rowOf(large)).toMatchObject({ open: 0 });
      await expectRowsAsLog(large);
    } finally {
      holder.release(true);
      await projector.stop();
      await pool.end();
    }
  });
});

/** Returns a function that returns the statements of all new connections of a pool so far. */
const recordStatements = (pool: Pool): (() => readonly string[]) => {
  const spies: { readonly mock: { readonly calls: readonly (readonly unknown[])[] } }[] = [];
  pool.on('connect', (client) => spies.push(vi.spyOn(client, 'query')));
  return () => spies.flatMap(({ mock }) => mock.calls.map(([statement]) => String(statement)));
};
