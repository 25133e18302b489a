import { expect, test } from 'vitest';
import { countParked, listParked } from '../../../src/projections/parked.ts';
import { customer, rival } from '../../support/license-fixtures.ts';
import { readModels } from '../../support/read-models.ts';
import { devices, eventually, useLargeLicenses } from './support.ts';

const { models, startProjector, appendLicenses, leftOut, rowOf, expectRowsAsLog } = useLargeLicenses();

/** Locks the devices of a license, so that no statement changes them, until the returned function is called. */
const lockDevices = async (licenseId: string) => {
  const db = await models().superuser.connect();
  await db.query('begin');
  await db.query('select from rm.activations where license_id = $1 for update', [licenseId]);
  return async () => {
    await db.query('rollback');
    db.release();
  };
};

test.each(['RELEASE', 'KEEP'] as const)(
  'While a transfer with %s changes very many rows, other tenants do not wait, and no event is lost',
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
      // An operator has nothing to do.
      expect(await countParked(models().projector, readModels)).toBe(0);
      expect([await rowOf(large), await rowOf(other)]).toMatchObject([
        { holder: customer },
        { revision: '2', open: 1 },
      ]);
      // The new holder activates a device before the rows show the transfer.
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

test('Two projectors bring in a stream once that another one has set aside', async () => {
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

test('A stream is parked with the error when Postgres refuses its rows', async () => {
  const { ledger, large, append } = await appendLicenses();
  const projector = startProjector();
  try {
    await projector.reachEnd();
    await models().superuser.query('alter table rm.activations add constraint refused check (cause is null)');
    ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    await append();
    await eventually(() => countParked(models().projector, readModels)).toBe(1);
    expect(await listParked(models().projector, readModels)).toMatchObject([
      { stream: `license-${large}`, eventType: 'LicenseRevoked', error: expect.stringContaining('refused') },
    ]);
    expect(await rowOf(large)).toMatchObject({ open: devices });
  } finally {
    await models().superuser.query('alter table rm.activations drop constraint refused');
    await projector.stop();
  }
});
