import { fromMs } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { ColumnType, Row } from './rows.ts';

/** A column of a table, with the value that it takes of a state. Instants and big numbers are text. */
export type Column<State> = { readonly type: ColumnType; readonly of: (state: State) => unknown };

/** Returns the columns as a table lists them: each with its type. */
export const typesOf = (
  columns: Readonly<Record<string, { readonly type: ColumnType }>>,
): Readonly<Record<string, ColumnType>> =>
  Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]));

/** Returns a function that makes the row, or the part of a row, that these columns are. */
export const rowMaker = <State>(columns: Readonly<Record<string, Column<State>>>): ((state: State) => Row) => {
  const values = Object.entries(columns).map(([name, { of }]) => ({ name, of }));
  const blank: Record<string, unknown> = Object.fromEntries(values.map(({ name }) => [name, null]));
  return (state) => {
    // A copy has all fields from the beginning, which costs less than adding them one by one.
    const row = { ...blank };
    for (const { name, of } of values) row[name] = of(state);
    return row;
  };
};

/** SQL for the value of a column as `readerOf` reads it, whatever the settings of the session. */
export const selected = (type: ColumnType, column: string): string => {
  if (type === 'timestamptz') return epochMs(column);
  if (type === 'jsonb') return `${column}::text`;
  if (type === 'text[]') return `array_to_json(${column})::text`;
  return column;
};

/** Returns a function that reads what `selected` selects: instants, numbers, JSON; big numbers as bigint. */
export const readerOf = (type: ColumnType): ((value: unknown) => unknown) => {
  if (type === 'timestamptz') return readInstant;
  if (type === 'jsonb' || type === 'text[]') return readJson;
  return type === 'bigint' ? readBigint : readAsIs;
};

const readInstant = (ms: unknown): unknown => (ms === null ? null : fromMs(Number(ms)));
const readJson = (text: unknown): unknown => (text === null ? null : JSON.parse(String(text)));
const readBigint = (text: unknown): unknown => (text === null ? null : BigInt(String(text)));
const readAsIs = (value: unknown): unknown => value;
