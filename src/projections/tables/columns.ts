import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { ColumnType, Row } from './rows.ts';

/**
 * A column of a table. `of` returns its value for a new row, as `readCell` reads it back. `field` is the field that a
 * view reads the column into; null: no view reads it.
 */
export type Column<State, Value = unknown, Field extends string | null = string | null> = {
  readonly type: ColumnType;
  readonly of: (state: State) => Value;
  readonly field: Field;
};

/** Returns a function that describes the columns of rows that are made of `State`. */
export const columnsFor =
  <State>() =>
  <Value, Field extends string | null = null>(
    type: ColumnType,
    of: (state: State) => Value,
    field?: Field,
  ): Column<State, Value, Field> => ({ type, of, field: (field ?? null) as Field });

/** Returns the columns as a table lists them, each with its type. */
export const typesOf = <Name extends string>(
  columns: Readonly<Record<Name, { readonly type: ColumnType }>>,
): Readonly<Record<Name, ColumnType>> => {
  const types: Partial<Record<Name, ColumnType>> = {};
  for (const name in columns) types[name] = columns[name].type;
  return types as Record<Name, ColumnType>;
};

/** Returns a function that makes the row, or the part of a row, with these columns. */
export const rowMaker = <State>(columns: Readonly<Record<string, Column<State>>>): ((state: State) => Row) => {
  const blank = blankOf(Object.keys(columns));
  const cells = Object.entries(columns).map(([name, { type, of }]) => ({ name, isBytes: type === 'bytea', of }));
  return (state) => {
    const row = { ...blank };
    for (const { name, isBytes, of } of cells) {
      const value = of(state);
      if (typeof value === 'bigint') row[name] = `${value}`;
      else row[name] = isBytes && value !== null ? `\\x${value}` : value;
    }
    return row;
  };
};

/** Returns an object with all these fields, which are null. Copying it costs less than adding the fields one by one. */
export const blankOf = (fields: readonly string[]): Record<string, unknown> =>
  // Node keeps an object to which many fields were added as a hash table, and copies one that it parsed much faster.
  JSON.parse(JSON.stringify(Object.fromEntries(fields.map((field) => [field, null]))));

/** A value of another table that a view reads, as SQL. */
export type Joined<Value> = {
  readonly type: ColumnType;
  readonly sql: string;
  /** Never set: it carries the type of the value. */
  readonly value?: Value;
};

/** Describes a value of another table. `Value` must be what `readCell` returns for its type. */
export const joined = <Value>(type: ColumnType, sql: string): Joined<Value> => ({ type, sql });

type AnyColumns = Readonly<Record<string, Column<never>>>;
type AnyJoined = Readonly<Record<string, Joined<unknown>>>;

/** What `viewOf` reads: the columns with a field, and the joined values. */
export type View<Columns extends AnyColumns, Others extends AnyJoined = Record<never, never>> = {
  readonly [Name in keyof Columns as Columns[Name]['field'] & string]: ReturnType<Columns[Name]['of']>;
} & { readonly [Field in keyof Others]: Others[Field] extends Joined<infer Value> ? Value : never };

/** Reads rows of a table for its users. */
export type ViewReader<Values> = {
  /** The select list. */
  readonly select: string;
  /** Reads a row of the select list in array row mode. */
  readonly read: (row: readonly unknown[]) => Values;
};

/** Returns the select list and the reader of a view. `relation`: the name of the table in the query. */
export const viewOf = <Columns extends AnyColumns, Others extends AnyJoined = Record<never, never>>(
  relation: string,
  columns: Columns,
  others?: Others,
): ViewReader<View<Columns, Others>> => {
  const cells = [
    ...Object.entries(columns).map(([name, { type, field }]) => ({ field, type, sql: `${relation}.${name}` })),
    ...Object.entries(others ?? {}).map(([field, { type, sql }]) => ({ field, type, sql })),
  ]
    .flatMap(({ field, ...cell }) => (field === null ? [] : { field, ...cell }))
    .map((cell, place) => ({ ...cell, place }));
  const blank = blankOf(cells.map(({ field }) => field));
  return {
    select: cells.map(({ type, sql }) => selected(type, sql)).join(', '),
    read: (row) => {
      const values = { ...blank };
      for (const { field, type, place } of cells) values[field] = readCell(type, row[place]);
      return values as View<Columns, Others>;
    },
  };
};

/** Returns SQL for the value of a column as `readCell` reads it, whatever the settings of the session. */
export const selected = (type: ColumnType, column: string): string => {
  if (type === 'timestamptz') return epochMs(column);
  if (type === 'jsonb') return `${column}::text`;
  if (type === 'text[]') return `array_to_json(${column})::text`;
  if (type === 'bytea') return `encode(${column}, 'hex')`;
  return column;
};

/** Reads a value that `selected` selects: instants, numbers, JSON, big numbers as bigint, and bytes as hex digits. */
export const readCell = (type: ColumnType, value: unknown): unknown => {
  if (value === null) return null;
  switch (type) {
    case 'timestamptz':
      return fromMs(Number(value));
    case 'jsonb':
    case 'text[]':
      return JSON.parse(value as string);
    case 'bigint':
      return BigInt(value as string);
    default:
      return value;
  }
};

/** The value of a column that stays null until a later event fills it. */
export const notYet = (): null => null;

/** The instant of a column that stays null until a later event fills it. */
export const noInstantYet = (): Instant | null => null;
