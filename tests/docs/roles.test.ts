import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Grant, Permission, Side } from '../../src/domain/authority.ts';
import { roles, scopes } from '../../src/domain/organization/events.ts';
import { permissions } from '../../src/domain/permissions.ts';

const page = readFileSync('docs/api/roles.md', 'utf8');

/** Returns the rows of the table with this column: permission, roles and scopes. */
const rowsOf = (column: string): readonly string[] => {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && line.split('|')[2]?.trim() === column);
  const after = lines.slice(start + 2);
  const rows = after.slice(
    0,
    after.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((line) =>
    line
      .split('|')
      .slice(2, 5)
      .map((cell) => cell.trim())
      .join(' | '),
  );
};

const listed = (names: readonly string[], all: readonly string[], mark = ''): string =>
  names.length === all.length ? 'all' : names.map((name) => `${mark}${name}${mark}`).join(', ');

const rowOf = (name: string, { roles: permitted, scopes: granted }: Grant): string =>
  `\`${name}\` | ${listed(permitted, roles)} | ${listed(granted, scopes, '`')}`;

test.each<[string, Side]>([
  ['permission', 'own'],
  ['permission as holder', 'holder'],
])('The page about roles lists the table of the product: %s', (column, side) => {
  const expected = Object.entries<Permission>(permissions).flatMap(([name, permission]) => {
    const grant = permission[side];
    return grant === null ? [] : [rowOf(name, grant)];
  });
  expect(expected.length).toBeGreaterThan(3);
  expect(rowsOf(column).toSorted()).toEqual(expected.toSorted());
});
