import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { isLogged, lacksEntry, logEntryOf } from '../../../src/projections/issuer-logs/log-entry.ts';
import { createEntryNumbering } from '../../../src/projections/issuer-logs/number-entries.ts';
import { createLog, customer, testId, vendor } from '../../support/license-fixtures.ts';
import { readOldLog } from '../../support/old-log.ts';
import { randomLog } from '../../support/random-log.ts';

const ledger = createLog();
ledger.organization(vendor, 'Vendor');
const licenseId = ledger.issue('one', { holderOrgId: customer });
const issued = ledger.log.find(({ type }) => type === 'LicenseIssued');
if (issued === undefined) throw new Error('The fixture has no license.');

const withMetadata = (changes: Recorded['metadata']): Recorded => ({
  ...issued,
  metadata: { ...issued.metadata, ...changes },
});

describe('The entry of an event', () => {
  test('has the fields that prove the event, and its issuer', () => {
    expect(logEntryOf(issued)).toEqual({
      issuerOrgId: vendor,
      eventId: issued.id,
      stream: `license-${licenseId}`,
      revision: 0n,
      hash: issued.metadata.hash,
      recordedAt: issued.metadata.recordedAt,
    });
    expect(logEntryOf({ ...issued, id: issued.id.toUpperCase() })).toEqual(logEntryOf(issued));
  });

  test.each([
    ['an unknown type', { ...issued, type: 'LicenseGilded' }],
    ['a higher schema version', withMetadata({ schemaVersion: 99 })],
    [
      'more and fewer fields of the envelope',
      { ...withMetadata({ seal: 'wax', actor: 'ada', commandId: null }), data: {} },
    ],
  ])('is the same with %s, so that a later release gives the same index', (_, recorded) => {
    expect(logEntryOf(recorded)).toEqual(logEntryOf(issued));
  });

  test.each([
    ['an issuer that is no organization', withMetadata({ issuerOrgId: testId('lic', 'x') })],
    ['no issuer', withMetadata({ issuerOrgId: null })],
    ['a hash with capital letters', withMetadata({ hash: 'A'.repeat(64) })],
    ['a hash of another length', withMetadata({ hash: 'a'.repeat(63) })],
    ['an instant without milliseconds', withMetadata({ recordedAt: '2026-01-01T00:00:00Z' })],
    ['a day that does not exist', withMetadata({ recordedAt: '2026-02-30T00:00:00.000Z' })],
    ['no metadata', { ...issued, metadata: {} }],
    ['an id that is no UUID', { ...issued, id: 'one' }],
    ['a stream that no id names', { ...issued, stream: 'license-one' }],
    ['a stream with more after the id', { ...issued, stream: `${issued.stream}\0` }],
    ['a stream of a catalog with the id of a license', { ...issued, stream: `catalog-${licenseId}` }],
  ])('is missing for an event with %s, and that is reported', (_, recorded) => {
    expect(logEntryOf(recorded)).toBeNull();
    expect(lacksEntry(recorded)).toBe(true);
  });

  test.each([`reservation-${licenseId}`, `checkpoint-${vendor}`, 'ledger-log', 'orders-1', `my-license-${licenseId}`])(
    'is not expected of the stream %s',
    (stream) => {
      expect(logEntryOf({ ...issued, stream })).toBeNull();
      expect(lacksEntry({ ...issued, stream })).toBe(false);
    },
  );

  test.each(['log-20dbbe5', 'broken-chains-20dbbe5'] as const)('is there for every event of the old log %s', (name) => {
    const { events } = readOldLog(name);
    expect(events.filter(lacksEntry)).toEqual([]);
    expect(events.filter((recorded) => isLogged(recorded.stream)).length).toBeGreaterThan(100);
  });
});

test.each([1, 2, 10])(
  'Numbers with %i issuers in memory are those of a log that is counted at once',
  async (issuersMax) => {
    const log = randomLog(300, 4);
    const counts = new Map<string, bigint>();
    const number = createEntryNumbering(
      async (issuers) => new Map(issuers.map((id) => [id, counts.get(id) ?? 0n])),
      issuersMax,
    );
    for (let first = 0; first < log.length; first += 20)
      for (const { issuerOrgId, index } of await number(log.slice(first, first + 20))) {
        expect(index).toBe(counts.get(issuerOrgId) ?? 0n);
        counts.set(issuerOrgId, index + 1n);
      }
    expect(counts.size).toBe(3);
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(BigInt(log.filter(logEntryOf).length));
  },
);
