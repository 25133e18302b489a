import { expect, test } from 'vitest';
import { customersIn, mergedHistory, usageOf } from '../../src/console/screens/customers/customers.ts';
import { customersInAddress } from '../../src/console/screens/customers/customers-in-address.ts';
import type { License, LicenseEvent } from '../../src/console/types.ts';

const now = Date.parse('2027-01-31T12:00:00.000Z');

const licenseOf = (holder: string | null, expiresAt: string | null, effectiveStatus = 'ACTIVE') =>
  ({
    holderOrganizationId: holder,
    effectiveStatus,
    usage: { activations: 2, seats: 1, users: 3 },
    term: { expiresAt },
  }) as License;

test('Customers are the holders of licenses, with what they use and what ends next', () => {
  const licenses = [
    licenseOf('one', '2028-01-01T00:00:00.000Z'),
    licenseOf(null, null),
    licenseOf('two', null),
    licenseOf('one', '2027-06-01T00:00:00.000Z'),
    licenseOf('one', '2027-03-01T00:00:00.000Z', 'REVOKED'),
    licenseOf('one', '2027-01-01T00:00:00.000Z', 'IN_GRACE'),
    licenseOf('three', '2027-06-01T00:00:00.000Z', 'REVOKED'),
    licenseOf('three', null, 'SUSPENDED'),
  ];
  expect(customersIn(licenses, now)).toEqual([
    { id: 'one', licenses: 4, working: 3, devices: 8, seats: 4, nextEnd: '2027-06-01T00:00:00.000Z' },
    { id: 'two', licenses: 1, working: 1, devices: 2, seats: 1, nextEnd: 'never' },
    // Nothing of it works, so it is not said to work forever.
    { id: 'three', licenses: 2, working: 0, devices: 4, seats: 2, nextEnd: null },
  ]);
});

test('The use of a customer is of the licenses that were read, and unknown before', () => {
  const licenses = [licenseOf('one', null), licenseOf('one', null)];
  const pages = { entries: licenses, isPending: false, error: null, hasMore: false };
  const usage = { licenses: 2, devices: 4, seats: 2, users: 6, isOfFirst: false };
  expect(usageOf(pages)).toEqual(usage);
  expect(usageOf({ ...pages, hasMore: true })).toEqual({ ...usage, isOfFirst: true });
  expect(usageOf({ ...pages, error: new Error('the next page failed') })).toEqual(usage);
  expect(usageOf({ ...pages, entries: [], isPending: true })).toBeNull();
  expect(usageOf({ ...pages, entries: [], error: new Error('the first page failed') })).toBeNull();
});

test('A history of several licenses ends where one of them was not read further', () => {
  const eventsOf = (...days: readonly number[]) =>
    days.map((day) => ({ id: String(day), recordedAt: `2027-01-${day}T00:00:00.000Z` }) as LicenseEvent);
  const merged = mergedHistory([
    { licenseId: 'one', events: eventsOf(30, 20), hasMore: true },
    { licenseId: 'two', events: eventsOf(29, 21, 19), hasMore: false },
  ]);
  expect(merged.entries.map(({ id }) => id)).toEqual(['30', '29', '21', '20']);
  expect(merged.hasMore).toBe(true);
  expect(mergedHistory([])).toEqual({ entries: [], hasMore: false });
});

test('A filter that is too short for the server is left out of the address', () => {
  expect([customersInAddress({ name: ' acme ' }), customersInAddress({ name: 'ac' }), customersInAddress({})]).toEqual([
    { name: 'acme' },
    {},
    {},
  ]);
});
