import { afterAll, describe, expect, test } from 'vitest';
import { rowSecurity } from '../../../src/row-security.ts';
import { rival, vendor } from '../../support/license-fixtures.ts';
import {
  allowedBeyondReading,
  allowedOn,
  allowedWithoutTenant,
  ann,
  ben,
  createTenants,
  type Operation,
} from './support.ts';

const { models, relations, attempt } = await createTenants();
afterAll(() => models.drop());

const owned = relations.filter((relation) => relation.owned);

test('Every table belongs to an organization, to a user or to the known tables without owner', () => {
  expect(
    relations
      .filter((relation) => !relation.owned)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(allowedWithoutTenant).sort());
  const known = owned.map(({ name }) => name).filter((name) => !name.startsWith('rm.') || allowedOn(name).length !== 1);
  expect(known.sort()).toEqual(Object.keys(allowedBeyondReading).sort());
  expect(owned.map(({ name }) => name)).toEqual(expect.arrayContaining([...rowSecurity.userOwned]));
  expect(owned.length).toBeGreaterThan(15);
});

describe.each(Object.entries(allowedWithoutTenant))('%s', (name, allowed) => {
  test.each([
    ['select', `select from ${name}`],
    ['insert', `insert into ${name} default values`],
    [
      'update',
      `update ${name} set ${relations.find((relation) => relation.name === name)?.columns.split(', ')[0]} = null`,
    ],
    ['delete', `delete from ${name}`],
  ] as const)('%s is refused unless it is allowed for everybody', async (operation, sql) => {
    const attempted = attempt(vendor, sql);
    // A row of defaults may lack a value.
    const expectAllowed = (error: unknown) => expect(String(error)).not.toContain('permission denied');
    if (allowed.includes(operation)) await attempted.catch(expectAllowed);
    else await expect(attempted).rejects.toThrow('permission denied');
  });
});

const directions = owned.flatMap(({ name, columns }) =>
  rowSecurity.userOwned.includes(name)
    ? [
        { table: name, columns, owner: 'user_id', own: ann, other: ben, as: 'one user' },
        { table: name, columns, owner: 'user_id', own: ben, other: ann, as: 'the other user' },
      ]
    : [
        { table: name, columns, owner: 'issuer_org_id', own: vendor, other: rival, as: 'the vendor' },
        { table: name, columns, owner: 'issuer_org_id', own: rival, other: vendor, as: 'the rival' },
      ],
);

describe.each(directions)('$table, as $as', ({ table, columns, owner, own, other }) => {
  const may = (operation: Operation) => allowedOn(table).includes(operation);
  const countOf = `select count(*)::int as rows from ${table} where ${owner} = $1`;
  /** Returns an insert of a copy of a row of this tenant. */
  const copyOf = async (tenant: string) => {
    const { rows } = await models.superuser.query<{ row: string }>(
      `select to_json(t)::text as row from ${table} t where ${owner} = $1 limit 1`,
      [tenant],
    );
    return {
      sql: `insert into ${table} (${columns}) select ${columns} from json_populate_record(null::${table}, $1::json)`,
      values: [rows[0]?.row],
    };
  };

  test('has a row of each tenant, so that the tests have something to hide', async () => {
    for (const tenant of [own, other]) {
      const { rows } = await models.superuser.query(`select from ${table} where ${owner} = $1`, [tenant]);
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test('SELECT shows the rows of the tenant and none of another tenant', async () => {
    if (!may('select')) return expect(attempt(own, countOf, [own])).rejects.toThrow('permission denied');
    expect((await attempt(own, countOf, [own])).rows[0].rows).toBeGreaterThan(0);
    expect((await attempt(own, countOf, [other])).rows).toEqual([{ rows: 0 }]);
    const seen = await attempt(own, `select distinct ${owner} as owner from ${table}`);
    expect(seen.rows).toEqual([{ owner: own }]);
  });

  test('SELECT without a tenant shows nothing, on a new and on a used connection', async () => {
    const countAll = `select count(*)::int as rows from ${table}`;
    if (!may('select')) return expect(attempt(null, countAll)).rejects.toThrow('permission denied');
    await attempt(own, 'select 1');
    for (const tenant of [null, '']) expect((await attempt(tenant, countAll)).rows).toEqual([{ rows: 0 }]);
  });

  test('INSERT is refused for another tenant and without a tenant', async () => {
    const { sql, values } = await copyOf(other);
    const refusal = may('insert') ? 'row-level security' : 'permission denied';
    await expect(attempt(own, sql, values)).rejects.toThrow(refusal);
    await expect(attempt(null, sql, values)).rejects.toThrow(refusal);
  });

  test('UPDATE changes no row of another tenant', async () => {
    const sql = `update ${table} set ${owner} = ${owner}`;
    if (!may('update')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where ${owner} = $1`, [other])).rowCount).toBe(0);
    expect((await attempt(own, sql)).rowCount).toBe((await attempt(own, countOf, [own])).rows[0].rows);
    expect((await attempt(null, sql)).rowCount).toBe(0);
  });

  test('UPDATE cannot give a row to another tenant', async () => {
    const sql = `update ${table} set ${owner} = $2 where ${owner} = $1`;
    await expect(attempt(own, sql, [own, other])).rejects.toThrow(/row-level security|permission denied/);
  });

  test('DELETE removes no row of another tenant', async () => {
    const sql = `delete from ${table}`;
    if (!may('delete')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where ${owner} = $1`, [other])).rowCount).toBe(0);
    expect((await attempt(own, sql)).rowCount).toBe((await attempt(own, countOf, [own])).rows[0].rows);
    expect((await attempt(null, sql)).rowCount).toBe(0);
  });

  test('TRUNCATE is refused', async () => {
    await expect(attempt(own, `truncate ${table}`)).rejects.toThrow('permission denied');
  });
});
