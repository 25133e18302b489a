import { expect, test } from 'vitest';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { activeProjection } from '../../../src/projections/versions.ts';
import { quiet } from '../../support/read-models.ts';
import { eventually, useGate, useLargeLicenses } from './support.ts';

const { models, store, startProjector, appendLicenses, leftOut, rowOf, expectRowsAsLog } = useLargeLicenses();
const { openGate, isSweeping } = useGate(() => models().superuser);

test('A sweep changes no row of another version that takes over meanwhile', async () => {
  const { ledger, large, append } = await appendLicenses();
  const projector = startProjector();
  try {
    await projector.reachEnd();
    ledger.send(large, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    await append();
    await eventually(isSweeping).toBe(true);
    const { url } = models();
    const { signal } = new AbortController();
    await rebuild({ store: store(), databaseUrl: url, projectorUrl: url, log: quiet, signal, settleMs: 0 });
    expect(await activeProjection(models().projector)).toMatchObject({ version: 2 });
    expect([await isSweeping(), await leftOut()]).toEqual([true, []]);
    await openGate();
    await eventually(isSweeping).toBe(false);
    ledger.organization(large.replace('lic_', 'org_'), 'later');
    await append();
    await projector.reachEnd();
    expect(await leftOut()).toEqual([]);
    expect(await rowOf(large)).toMatchObject({ open: 0 });
    await expectRowsAsLog(large);
    // The sweep of the previous version was rolled back: its devices are open, and its stream is still left out.
    const { rows } = await models().superuser.query(
      `select (select count(*)::integer from rm_v1.activations where deactivated_at is null) as open,
        array(select stream from ops.parked where version = 1) as streams`,
    );
    expect(rows).toEqual([{ open: 20, streams: [`license-${large}`] }]);
  } finally {
    await projector.stop();
  }
});
