import { describe, expect, test } from 'vitest';
import { decideInTurn } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { License } from '../../../src/domain/license/license.ts';
import { eventIdsAfter } from '../../support/event-ids.ts';
import { command, followedBy } from './commands.ts';
import { activated, issued, licenseAfter, revoke, suspend } from './examples.ts';

const add = command('AddProduct', { product: 'workflow_app' });
const remove = command('RemoveProduct', { product: 'local_cli' });
const decideAll = (commands: readonly LicenseCommand[], on: License) =>
  decideInTurn(licenseDecider, commands, on, eventIdsAfter([]));
const license = () => licenseAfter(issued(), activated('a', 1));

describe('commands decided together', () => {
  test('give the same events as one after the other', () => {
    const decided = decideAll([add, remove, suspend()], license());
    const history = followedBy([issued(), activated('a', 1)], add, remove, suspend());
    expect(decided).toEqual(history.slice(2).map(({ event }) => event));
  });
  test('are each decided after the ones before', () => {
    expect(decideAll([add, add], license())).toHaveLength(1);
    expect(decideAll([revoke(), add], license())).toMatchObject({ rejected: 'LICENSE_REVOKED' });
  });
  test('do not change the original license', () => {
    const before = license();
    decideAll([add, remove], before);
    expect(before).toEqual(license());
  });
  test('change nothing when there are none', () => expect(decideAll([], license())).toEqual([]));
  test('announce changes under the ids of their own events', () => {
    const scheduled = { effectiveAt: '2026-07-01T00:00:00.000Z' };
    const later = command('SetRenewal', { to: 'auto', scheduled });
    const decided = decideAll([add, remove, later], license());
    if ('rejected' in decided) throw new Error(decided.detail);
    const announcing = decided.findIndex(({ type }) => type === 'LicenseRenewalChanged');
    expect(announcing).toBeGreaterThan(0);
    expect(decided[announcing]?.data).toMatchObject({ eventId: `evt_${announcing + 1}` });
  });
});
