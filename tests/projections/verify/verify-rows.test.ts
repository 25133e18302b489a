import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logEntries } from '../../../src/projections/issuer-logs/log-entries.ts';
import type { ColumnType, Table } from '../../../src/projections/tables/rows.ts';
import { type ReadModel, readModelTables } from '../../../src/projections/tables/tables.ts';
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

type Statement = readonly [sql: string, values: readonly unknown[]];

/**
 * A change of one row of a stream, the statement that undoes it, and the finding that a verification reports for it.
 */
type Damage = {
  readonly name: string;
  readonly tamper: Statement;
  readonly undo: Statement;
  readonly finding: RegExp;
};

const changeOne = async ([sql, values]: Statement, name: string): Promise<void> =>
  expect((await models.superuser.query(sql, [...values])).rowCount, name).toBe(1);

/** Does the damage, verifies, and undoes it. Returns the damage that no finding reports. */
const unreported = async (damages: readonly Damage[]): Promise<readonly string[]> => {
  for (const { name, tamper } of damages) await changeOne(tamper, name);
  const { findings } = await verdictOn(models.projector, log);
  for (const { name, undo } of damages) await changeOne(undo, name);
  const lines = findings.map(({ what, stream }) => `${what} (${stream})`);
  return damages.filter(({ finding }) => !lines.some((line) => finding.test(line))).map(({ name }) => name);
};

/** Creates the damage in a row of this owner. */
type Work = { readonly model: ReadModel; readonly damage: (owner: string) => Promise<Damage> };

/**
 * Does every damage in some stream. A verification reports one finding for each stream, and takes as long for one as
 * for many, so each round damages every stream once at most.
 */
const unreportedInRounds = async (works: readonly Work[]): Promise<readonly string[]> => {
  const rounds: Map<string, Damage>[] = [];
  for (const { model, damage } of works) {
    const owners = await ownersIn(model);
    const isFree = (round: Map<string, Damage>) => owners.some((owner) => !round.has(`${model.stream}-${owner}`));
    const round = rounds.find(isFree) ?? new Map<string, Damage>();
    if (!rounds.includes(round)) rounds.push(round);
    const owner = owners.find((name) => !round.has(`${model.stream}-${name}`)) ?? '';
    round.set(`${model.stream}-${owner}`, await damage(owner));
  }
  const left: string[] = [];
  for (const round of rounds) left.push(...(await unreported([...round.values()])));
  return left;
};

const ownerOf = ({ stream }: ReadModel): string => (stream === 'license' ? 'license_id' : 'issuer_org_id');
const ownersIn = async (model: ReadModel): Promise<readonly string[]> => {
  const { rows } = await models.superuser.query<{ owner: string }>(
    `select distinct ${ownerOf(model)} as owner from rm.${model.table.name} order by 1`,
  );
  return rows.map(({ owner }) => owner);
};

const other: Readonly<Record<ColumnType, (column: string) => string>> = {
  text: (column) => `coalesce(${column}, '') || 'x'`,
  'text[]': (column) => `${column} || '{x}'`,
  uuid: () => 'gen_random_uuid()',
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
  expect(rows.map(({ name }) => name).toSorted()).toEqual(
    [...readModelTables.map(({ table }) => table.name), logEntries.name].toSorted(),
  );
});

const differs = ({ table, stream }: ReadModel, owner: string): RegExp =>
  new RegExp(`of ${table.name} is missing or not what the log makes it \\(${stream}-${owner}\\)$`);

/** Returns the row of an owner as JSON, with the text of its key and of a column. */
const readRow = async (model: ReadModel, owner: string, column = ownerOf(model)) => {
  const { name, key } = model.table;
  const { rows } = await models.superuser.query<{ row: string; key: string[]; value: string | null }>(
    `select to_jsonb(t)::text as row, ${keyText(model)} as key, ${column}::text as value
     from rm.${name} t where ${ownerOf(model)} = $1 order by ${key} limit 1`,
    [owner],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`${name} has no row of ${owner}.`);
  return row;
};
const keyText = ({ table }: ReadModel): string => `array[${table.key.map((column) => `${column}::text`)}]`;

const changedColumn = (model: ReadModel, column: string): Work => ({
  model,
  damage: async (owner) => {
    const { table } = model;
    const { key, value } = await readRow(model, owner, column);
    const update = `update rm.${table.name} set ${column} =`;
    return {
      name: `a changed ${column} of ${table.name}`,
      tamper: [`${update} ${otherOf(table, column)} where ${keyText(model)} = $1`, [key]],
      undo: [`${update} $2::${table.columns[column]} where ${keyText(model)} = $1`, [key, value]],
      finding: differs(model, owner),
    };
  },
});

const missingRow = (model: ReadModel): Work => ({
  model,
  damage: async (owner) => {
    const { table } = model;
    const { key, row } = await readRow(model, owner);
    const columns = Object.keys(table.columns);
    const insert = `insert into rm.${table.name} (${columns}) select ${columns}`;
    return {
      name: `a missing row of ${table.name}`,
      tamper: [`delete from rm.${table.name} where ${keyText(model)} = $1`, [key]],
      undo: [`${insert} from jsonb_populate_record(null::rm.${table.name}, $1::jsonb)`, [row]],
      finding: differs(model, owner),
    };
  },
});

const rowOfNoEvent = (model: ReadModel): Work => ({
  model,
  damage: async (owner) => {
    const { table } = model;
    const { key } = await readRow(model, owner);
    const columns = Object.keys(table.columns);
    const last = table.key.at(-1) ?? '';
    const { rows } = await models.superuser.query(`select max(${last})::text as greatest from rm.${table.name}`);
    // A text that names the table: where it is the owner, two tables would have the damage of one round in one stream.
    const added =
      table.columns[last] === 'text'
        ? `'${rows[0]?.greatest}-${table.name}'`
        : otherOf(table, last).replaceAll(last, `'${rows[0]?.greatest}'::${table.columns[last]}`);
    // The hash of a key is unique too.
    const values = columns.map((column) =>
      column === last ? added : column === 'key_hash' ? otherOf(table, column) : column,
    );
    return {
      name: `a row of ${table.name} that no event made`,
      tamper: [
        `insert into rm.${table.name} (${columns}) select ${values} from rm.${table.name} where ${keyText(model)} = $1`,
        [key],
      ],
      undo: [`delete from rm.${table.name} where ${last} = ${added}`, []],
      finding: new RegExp(`^${table.name} has [0-9]+ rows of it, the log makes [0-9]+ `),
    };
  },
});

// The worker may have removed the rows of this log, which is old. tests/api/usage has younger ones.
const permanent = readModelTables.filter(({ table }) => table.purged === undefined);

describe('A verification reports', () => {
  test('every changed column of every table', async () => {
    const changes = readModelTables.flatMap((model) =>
      Object.keys(model.table.columns)
        .filter((column) => !model.table.key.includes(column))
        .map((column) => changedColumn(model, column)),
    );
    expect(changes.length).toBeGreaterThan(150);
    expect(await unreportedInRounds(changes)).toEqual([]);
  }, 300_000);

  test('a missing row of every table', async () => {
    expect(permanent.length).toBeGreaterThan(15);
    expect(await unreportedInRounds(permanent.map(missingRow))).toEqual([]);
  });

  test('a row of every table that no event made', async () => {
    expect(await unreportedInRounds(permanent.map(rowOfNoEvent))).toEqual([]);
  });
});
