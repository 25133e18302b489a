import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { noChanges } from '../../../src/projections/fold/changes.ts';
import { foldEvent, nothingStored } from '../../../src/projections/fold/fold-event.ts';
import { createLog, testId, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { catalogLife } from '../../support/stream-fixtures.ts';

const fold = (events: readonly Recorded[]) => {
  const changes = noChanges();
  for (const recorded of events) foldEvent(changes, nothingStored, recorded);
  return changes;
};

describe('An event that does not fit leaves the earlier changes as they are', () => {
  const log = randomLog(300, 3);
  const lastOf = (kind: string) => {
    const last = log.findLast(({ stream }) => stream.startsWith(kind));
    if (last === undefined) throw new Error(`The log has no stream ${kind}.`);
    return { ...last, revision: last.revision + 1n };
  };
  test.each<[string, Recorded]>([
    ['a gap in a license', { ...lastOf('license-'), revision: 10_000n }],
    ['a gap in an organization', { ...lastOf('organization-'), revision: 10_000n }],
    ['a gap in a catalog', { ...lastOf('catalog-'), revision: 10_000n }],
    ['an unknown event of a license', { ...lastOf('license-'), type: 'LicensePainted' }],
    ['an unknown event of an organization', { ...lastOf('organization-'), type: 'OrganizationPainted' }],
    ['an unknown event of a catalog', { ...lastOf('catalog-'), type: 'CatalogPainted' }],
    ['an activation without its data', { ...lastOf('license-'), type: 'ActivationRecorded', data: {} }],
    ['an envelope without its hash', { ...lastOf('license-'), metadata: {} }],
  ])('%s', (_, misfit) => {
    const changes = fold(log);
    expect(() => foldEvent(changes, nothingStored, misfit)).toThrow();
    expect(changes).toEqual(fold(log));
  });
});

test('Events that are delivered again change nothing', () => {
  const log = randomLog(300, 4);
  expect(fold([...log, ...log])).toEqual(fold(log));
});

test('A new version of a policy replaces the current one, in the same batch and in a later one', () => {
  const ledger = createLog();
  ledger.happen(`catalog-${vendor}`, catalogLife(vendor));
  const before = ledger.log.findIndex(({ type }) => type === 'PolicyVersionAdded');
  const first = fold(ledger.log.slice(0, before));
  const second = noChanges();
  for (const recorded of ledger.log.slice(before))
    foldEvent(second, { ...nothingStored, catalogs: first.catalogs }, recorded);
  const policyId = testId('pol', `PRO of ${vendor}`);
  const [policies] = [...second.rows].filter(([{ name }]) => name === 'policies').map(([, rows]) => rows);
  expect(policies?.changed.get(`${vendor}/${policyId}/1`)).toMatchObject({ current: false });
  expect(policies?.created.get(`${vendor}/${policyId}/2`)).toMatchObject({ current: false, name: 'PRO 2' });
  expect(policies?.created.get(`${vendor}/${policyId}/3`)).toMatchObject({ current: true });
});
