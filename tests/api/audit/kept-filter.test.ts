import { expect, test } from 'vitest';
import { keptFilter, keptParts } from '../../../src/api/audit/kept-filter.ts';
import { listQuery } from '../../../src/api/licenses/reading/list-query.ts';

const { limit: _limit, cursor: _cursor, sort: _sort, ...filters } = listQuery.shape;

test('A pack says of every filter of the list what it keeps', () => {
  expect(Object.keys(keptParts).sort()).toEqual(Object.keys(filters).sort());
});

test('Values that may be of a person are not kept, and those of a filter that nobody classified are not either', () => {
  const personal = ['user', 'externalRef', 'q', 'contains', 'unknown', 'constructor'];
  const sent = Object.fromEntries(personal.map((name) => [name, 'jane@example.com']));
  expect(JSON.stringify(keptFilter({ ...sent, metadata: { owner: 'Jane' }, tier: 'PRO' }))).not.toMatch(/jane/i);
  expect(keptFilter({ user: 'usr_1', metadata: { owner: 'Jane' }, tier: 'PRO' })).toEqual({
    ...{ user: null, metadata: { owner: null }, tier: 'PRO' },
  });
});
