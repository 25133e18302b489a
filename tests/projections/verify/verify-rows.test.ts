import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ColumnType, Table } from '../../../src/projections/tables/rows.ts';
import { readModelTables } from '../../../src/projections/tables/tables.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project, verdictOn } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

// The tests cover every table and column of the projector, also new ones.
const log = randomLog(sized(200, 130), 33);
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, log);
  // Without the constraints the tests can change rows in any way.
  const { rows } = await models.superuser.query<{ table: string; name: string }>(
    `select conrelid::regclass::text as table, conname as name from pg_constraint
     where contype = 'c' and connamespace = 'rm'::regnamespace`,
  );
  for (const { table, name } of rows) await models.superuser.query(`alter table ${table} drop constraint ${name}`);
});
afterAll(() => models.drop());

/** Runs `tamper`, returns the findings of a verification, and undoes the change. */
const findingsAfter = async (tamper: string, undo: string, values: readonly unknown[] = []): Promise<string> => {
  expect((await models.superuser.query(tamper)).rowCount).toBe(1);
  const verdict = await verdictOn(models.projector, log);
  expect((await models.superuser.query(undo, [...values])).rowCount).toBe(1);
  const [first] = verdict.findings;
  return first === undefined ? 'nothing' : `${first.what} (${first.stream})`;
};

const other: Readonly<Record<ColumnType, (column: string) => string>> = {
  text: (column) => `coalesce(${column}, '') || 'x'`,
  'text[]': (column) => `${column} || '{x}'`,
  integer: (column) => `coalesce(${column}, 0) + 1000`,
  bigint: (column) => `coalesce(${column}, 0) + 1000`,
  boolean: (column) => `not ${column}`,
  timestamptz: (column) => `coalesce(${column}, '2026-01-01') + interval '1 millisecond'`,
  bytea: (column) => `coalesce(${column}, '') || '\\x00'`,
  jsonb: () => `'{"tampered": 1}'`,
};
const otherOf = ({ columns }: Table, column: string): string => other[columns[column] ?? 'text'](column);

test('The log of these tests fills every table and verifies', async () => {
  for (const { table } of readModelTables) {
    const { rows } = await models.superuser.query(`select from rm.${table.name} limit 1`);
    expect(rows, table.name).toHaveLength(1);
  }
  expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true });
});

test('Every table of the schema is verified', async () => {
  const { rows } = await models.superuser.query(`select tablename as name from pg_tables where schemaname = 'rm'`);
  expect(rows.map(({ name }) => name).toSorted()).toEqual(readModelTables.map(({ table }) => table.name).toSorted());
});

describe.each(readModelTables)('$table.name', ({ table, stream }) => {
  const named = `rm.${table.name}`;
  const columns = Object.keys(table.columns);

  test.each(columns.filter((column) => !table.key.includes(column)))('reports a changed %s', async (column) => {
    const { rows } = await models.superuser.query<{ value: string | null }>(
      `select ${column}::text as value from ${named} order by ${table.key} limit 1`,
    );
    const key = `(${table.key}) = (select ${table.key} from ${named} order by ${table.key} limit 1)`;
    const findings = await findingsAfter(
      `update ${named} set ${column} = ${otherOf(table, column)} where ${key}`,
      `update ${named} set ${column} = $1::${table.columns[column]} where ${key}`,
      [rows[0]?.value ?? null],
    );
    expect(findings).toContain(`of ${table.name} is missing or not what the log makes it`);
    expect(findings).toContain(`(${stream}-`);
  });

  // The worker may have removed the rows of this log, which is old. tests/api/usage has younger ones.
  if (table.purged !== undefined) return;

  test('reports a missing row', async () => {
    const { rows } = await models.superuser.query(`select to_jsonb(t)::text as row from ${named} t limit 1`);
    const findings = await findingsAfter(
      `delete from ${named} where (${table.key}) = (select ${table.key} from jsonb_populate_record(null::${named},
        '${rows[0]?.row.replaceAll("'", "''")}'))`,
      `insert into ${named} (${columns}) select ${columns} from jsonb_populate_record(null::${named}, $1::jsonb)`,
      [rows[0]?.row],
    );
    expect(findings).toContain(`of ${table.name} is missing or not what the log makes it (${stream}-`);
  });

  test('reports a row that no event made', async () => {
    const last = table.key.at(-1) ?? '';
    // The hash of a key is unique too.
    const values = columns.map((column) =>
      column === last || column === 'key_hash' ? otherOf(table, column) : column,
    );
    const { rows } = await models.superuser.query(`select max(${last})::text as greatest from ${named}`);
    const from = `${named} where ${last} = '${rows[0]?.greatest}'`;
    const findings = await findingsAfter(
      `insert into ${named} (${columns}) select ${values} from (select * from ${from} limit 1) _`,
      `delete from ${named} where ${last} = (select ${otherOf(table, last)} from (select '${rows[0]?.greatest}'::${table.columns[last]} as ${last}) _)`,
    );
    expect(findings).toMatch(new RegExp(`^${table.name} has [0-9]+ rows of it, the log makes [0-9]+ `));
  });
});
