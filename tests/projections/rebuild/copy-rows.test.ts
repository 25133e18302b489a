import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { transaction } from '../../../src/postgres/transaction.ts';
import { copyRows } from '../../../src/projections/rebuild/copy-rows.ts';
import { insertRows, type Row, type Table } from '../../../src/projections/tables/rows.ts';
import { createReadModels } from '../../support/read-models.ts';

const table: Table = {
  name: 'public.kinds',
  key: ['id'],
  columns: {
    id: 'text',
    texts: 'text[]',
    small: 'integer',
    big: 'bigint',
    active: 'boolean',
    at: 'timestamptz',
    bytes: 'bytea',
    json: 'jsonb',
  },
};

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
beforeEach(async () => {
  const columns = Object.entries(table.columns).map(([name, type]) => `${name} ${type}`);
  await models.superuser.query(`drop table if exists ${table.name};
    create table ${table.name} (${columns}, place bigint generated always as identity, primary key (id))`);
});
afterAll(() => models.drop());

const texts = [
  '',
  ' ',
  'plain',
  '\\N',
  '\\.',
  'a\tb',
  'a\nb\r\nc',
  'a\\b\\\\c',
  '"quoted", {braced}',
  'NULL',
  'null',
  'ü 漢 😀',
  '\u0001\b\f\v',
  "it's",
];
const plain: Row = {
  id: 'a plain row',
  texts: ['one'],
  small: 1,
  big: '9007199254740993',
  active: true,
  at: '2026-01-31T23:59:59.999Z',
  bytes: '\\x00ff5c',
  json: { a: 1 },
};
const rows: readonly Row[] = [
  plain,
  ...texts.map((text, index) => ({
    ...plain,
    id: text,
    texts: [text, 'x', text],
    json: { [text]: [text, index, null, true, { deep: text }] },
  })),
  { id: 'nulls', texts: null, small: null, big: null, active: null, at: null, bytes: null, json: null },
  { id: 'missing' },
  { ...plain, id: 'empty', texts: [], bytes: '\\x', json: {}, small: -0, big: '-1', active: false },
  { ...plain, id: 'null in a list', texts: ['a', null, 'NULL'], json: 'a text' },
  { ...plain, id: 'long', json: 'ü\\\n'.repeat(100_000) },
];

const stored = async (): Promise<readonly string[]> => {
  const { rows: found } = await models.superuser.query<{ row: string }>(
    `select (${Object.keys(table.columns).map((name) => `k.${name}`)})::text as row from ${table.name} k order by place`,
  );
  return found.map(({ row }) => row);
};

const copy = (copied: readonly Row[]) => transaction(models.superuser, 'begin', (db) => copyRows(db, table, copied));

test('A copy makes the same rows as an insert, whatever the values', async () => {
  await transaction(models.superuser, 'begin', (db) => insertRows(db, table, rows));
  const inserted = await stored();
  await models.superuser.query(`truncate ${table.name}`);
  await copy(rows);
  expect(await stored()).toEqual(inserted);
  expect(inserted).toHaveLength(rows.length);
});

test('A copy refuses a row that exists, and leaves the connection usable', async () => {
  await copy([plain]);
  await expect(copy([{ ...plain, id: 'new' }, plain])).rejects.toMatchObject({ code: '23505' });
  await copy([{ ...plain, id: 'other' }]);
  expect(await stored()).toHaveLength(2);
});

test.each([
  ['half of a surrogate pair in a text', { ...plain, id: 'a\ud800b' }],
  ['half of a surrogate pair in JSON', { ...plain, json: ['\udfff'] }],
  ['a NUL in a text', { ...plain, id: 'a\0b' }],
  ['a number beyond its type', { ...plain, small: 2 ** 31 }],
])('Postgres refuses %s in a copy as in an insert', async (_, row) => {
  const refused = { code: expect.stringMatching(/^22/) };
  await expect(transaction(models.superuser, 'begin', (db) => insertRows(db, table, [row]))).rejects.toMatchObject(
    refused,
  );
  await expect(copy([plain, row])).rejects.toMatchObject(refused);
  expect(await stored()).toEqual([]);
});
