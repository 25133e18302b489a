import { expect, test } from 'vitest';
import { filtersIn, isSameView, queryOf, startOfDay, withFilter } from '../../src/console/screens/licenses/filters.ts';
import { readColumns, readViews, writeColumns, writeViews } from '../../src/console/screens/licenses/stored-choices.ts';
import { partsOf, rangeWith } from '../../src/console/screens/licenses/virtual-rows.ts';

test('An address with unknown values, or with filters that do not go together, gives a list that works', () => {
  expect(filtersIn({ status: 'ACTIVE', tier: 'GOLD', activations: 0, sort: '-createdAt', q: 1 })).toEqual({
    status: 'ACTIVE',
    activations: '0',
  });
  expect(filtersIn({ status: 'ACTIVE', suspendedFor: 'PAYMENT' })).toEqual({ suspendedFor: 'PAYMENT' });
  expect(filtersIn({ ends: '30', sort: 'createdAt' })).toEqual({ ends: '30' });
  expect(filtersIn({ status: 'EXPIRING', sort: '-expiresAt' })).toEqual({ status: 'EXPIRING', sort: '-expiresAt' });
  expect(filtersIn({ contains: ' ab ' })).toEqual({});
  expect(filtersIn({ contains: 4711 })).toEqual({ contains: '4711' });
});

test('A status and the reason of a suspension replace each other', () => {
  expect(withFilter({ status: 'ACTIVE', tier: 'PRO' }, 'suspendedFor', 'FRAUD')).toEqual({
    tier: 'PRO',
    suspendedFor: 'FRAUD',
  });
  expect(withFilter({ suspendedFor: 'FRAUD' }, 'status', 'REVOKED')).toEqual({ status: 'REVOKED' });
  expect(withFilter({ status: 'ACTIVE', tier: 'PRO' }, 'tier', '')).toEqual({ status: 'ACTIVE' });
});

test('The end of the term is filtered from today to the last moment of the last day', () => {
  const today = startOfDay(new Date('2026-05-04T12:34:56.000Z'));
  expect(queryOf({ ends: '30', tier: 'PRO' }, today)).toEqual({
    tier: 'PRO',
    status: 'ACTIVE',
    expiresAfter: '2026-05-04T00:00:00.000Z',
    expiresBefore: '2026-06-04T00:00:00.000Z',
  });
  expect(queryOf({ suspendedFor: 'LEGAL' }, today)).toEqual({ suspendedFor: 'LEGAL' });
});

test('Two addresses with the same filters are one view', () => {
  expect(isSameView({ tier: 'PRO', status: 'ACTIVE' }, { status: 'ACTIVE', tier: 'PRO' })).toBe(true);
  expect(isSameView({ tier: 'PRO' }, {})).toBe(false);
});

test('Stored choices are read again, and damaged ones are ignored', () => {
  const stored = new Map<string, string>();
  const store = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => void stored.set(key, text),
  };
  const usual = readColumns(store);
  writeColumns(store, ['seats', 'status']);
  expect(readColumns(store)).toEqual(['status', 'seats']);
  writeViews(store, 'org_1', [{ name: 'Mine', filters: { tier: 'PRO' } }]);
  expect(readViews(store, 'org_1')).toEqual([{ name: 'Mine', filters: { tier: 'PRO' } }]);
  expect(readViews(store, 'org_2')).toEqual([]);
  for (const key of stored.keys()) stored.set(key, '{"name":');
  expect(readColumns(store)).toEqual(usual);
  expect(readViews(store, 'org_1')).toEqual([]);
  for (const key of stored.keys()) stored.set(key, '[1, {"name": 2}, {"name": "x", "filters": {"tier": "GOLD"}}]');
  expect(readViews(store, 'org_1')).toEqual([{ name: 'x', filters: {} }]);
});

test('Rows that are not rendered leave their height, and the row with the focus stays', () => {
  const item = (index: number) => ({ index, start: 100 + index * 10, end: 110 + index * 10 });
  expect(partsOf([item(2), item(3), item(7)], 100, 100)).toEqual([
    { gap: 20, before: 2 },
    { row: 2 },
    { row: 3 },
    { gap: 30, before: 7 },
    { row: 7 },
    { gap: 20, before: -1 },
  ]);
  const range = { startIndex: 10, endIndex: 12, overscan: 1, count: 40 };
  expect(rangeWith(3)(range)).toEqual([3, 9, 10, 11, 12, 13]);
  expect(rangeWith(11)(range)).toEqual(rangeWith(null)(range));
});
