import { describe, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { feedEventById } from '../../../src/projections/queries/event-feed.ts';
import { historyOf } from '../../../src/projections/tables/license-events.ts';
import { createLog, customer, rival, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { project, verdictOn } from '../../support/read-models.ts';
import { feedIn, tenants, useFeeds } from './support.ts';

const { models, read, drain } = useFeeds();

describe('The event feeds of a transferred license', () => {
  const transferred = (activations: 'KEEP' | 'RELEASE') => {
    const ledger = createLog();
    const licenseId = ledger.issue('moved', { holderOrgId: customer });
    ledger.activate(licenseId, 'a');
    ledger.send(licenseId, {
      type: 'Transfer',
      data: { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations },
    });
    ledger.activate(licenseId, 'b');
    return ledger.log;
  };
  // Earlier programs announced what a transfer ends before the transfer, with the new holder in the envelope.
  const inOldOrder = () => {
    const [issued, key, recorded, decisive, announced, later] = transferred('RELEASE');
    if (!issued || !key || !recorded || !decisive || !announced || !later) throw new Error('The fixture is too short.');
    const { ends: _, ...data } = decisive.data;
    const { revision, stream } = decisive;
    const events = [announced, { ...decisive, data }, later].map((event) => ({ type: event.type, data: event.data }));
    const ledger = createLog();
    ledger.issue('moved', { holderOrgId: customer });
    ledger.activate(testId('lic', 'moved'), 'a');
    expect([ledger.log.length, stream]).toEqual([Number(revision), issued.stream]);
    ledger.append(stream, events, { issuerOrgId: vendor, holderOrgId: rival }, testInstant(10));
    return ledger.log;
  };
  const typesIn = async (orgId: string) => (await read(orgId, null))?.events.map(({ type }) => type);
  const begin = ['LicenseIssued', 'LicenseKeyIssued', 'ActivationRecorded'];

  test.each([
    { name: 'with its devices', log: transferred('KEEP'), last: ['LicenseTransferred'] },
    {
      name: 'without its devices',
      log: transferred('RELEASE'),
      last: ['LicenseTransferred', 'ActivationDeactivated'],
    },
    {
      name: 'without its devices, in the old order',
      log: inOldOrder(),
      last: ['ActivationDeactivated', 'LicenseTransferred'],
    },
  ])('A transfer $name appears to both holders, and each reads only its own other events', async ({ log, last }) => {
    await project(models().projector, log);
    expect(await verdictOn(models().projector, log)).toMatchObject({ intact: true });
    expect(await typesIn(customer)).toEqual([...begin, ...last]);
    expect(await typesIn(rival)).toEqual(['LicenseTransferred', 'ActivationRecorded']);
    expect(await typesIn(vendor)).toEqual([...begin, ...last, 'ActivationRecorded']);
    // Both can continue after the transfer, and can read it by its id.
    const transfer = log.find(({ type }) => type === 'LicenseTransferred');
    for (const org of tenants) {
      const own = (await read(org, null))?.events.find(({ type }) => type === 'LicenseTransferred');
      expect((await drain(org, own)).seen).toEqual(
        feedIn(log, org).slice(1 + feedIn(log, org).indexOf(transfer?.id ?? '')),
      );
      const byId = await asTenant(models().api, org, (db) => feedEventById(db, transfer?.id ?? ''));
      expect(byId?.type).toBe('LicenseTransferred');
    }
    const deactivated = log.find(({ type }) => type === 'ActivationDeactivated')?.id ?? '';
    expect(await asTenant(models().api, rival, (db) => feedEventById(db, deactivated))).toBeNull();
    const history = await asTenant(models().api, rival, (db) =>
      historyOf(db, testId('lic', 'moved'), { order: 'asc', limit: 100, afterRevision: null }),
    );
    expect(history.entries.map(({ type }) => type)).toEqual(['LicenseTransferred', 'ActivationRecorded']);
  });
});
