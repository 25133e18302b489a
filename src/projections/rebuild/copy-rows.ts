import { type PoolClient, Query } from 'pg';
import { type ColumnType, insertRows, type Row, type Table } from '../tables/rows.ts';
import { type Adder, addRows } from '../tables/tables.ts';

/** Returns true when a table has no rows of a stream yet. */
export type IsNew = (table: Table, stream: string) => boolean;

/** Returns an adder that copies rows, except those that may replace others. */
export const rowCopier =
  (isNew: IsNew): Adder =>
  async (db, model, rows) => {
    const { table, stream, rows: kind } = model;
    const owner = stream === 'license' ? 'license_id' : 'issuer_org_id';
    const copied: Row[] = [];
    const others: Row[] = [];
    for (const row of rows)
      (kind !== 'replaceable' || isNew(table, `${stream}-${row[owner]}`) ? copied : others).push(row);
    await copyRows(db, table, copied);
    if (others.length > 0) await addRows(db, model, others);
  };

/**
 * Adds rows with COPY, which costs Postgres a third of what `insertRows` costs it. Throws when one exists already. The
 * connection must not be in pipeline mode. Postgres allows no COPY to a role that row-level security binds.
 */
export const copyRows = async (db: PoolClient, table: Table, rows: readonly Row[]): Promise<void> => {
  if (rows.length === 0) return;
  const pieces = piecesOf(table, rows);
  // Postgres refuses half of a surrogate pair in JSON, as it does for the projector. UTF-8 would replace it unnoticed.
  if (pieces === null) return insertRows(db, table, rows);
  await copyIn(db, `copy ${table.name} (${Object.keys(table.columns)}) from stdin`, pieces);
};

const copyIn = (db: PoolClient, text: string, pieces: readonly Buffer[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const query = new Query(text, (error) => (error ? reject(error) : resolve()));
    const handleCopyInResponse = (connection: CopyConnection) => {
      for (const piece of pieces) connection.sendCopyFromChunk(piece);
      connection.endCopyFrom();
    };
    db.query(Object.assign(query, { handleCopyInResponse }));
  });

/** What a query of pg may do with its connection once Postgres waits for the rows. */
type CopyConnection = { readonly sendCopyFromChunk: (bytes: Buffer) => void; readonly endCopyFrom: () => void };

/** Returns the rows in the text format of COPY. Returns null when one has half of a surrogate pair. */
const piecesOf = (table: Table, rows: readonly Row[]): readonly Buffer[] | null => {
  const cells = Object.entries(table.columns).map(([column, type], place) => ({
    column,
    separator: place === 0 ? '' : '\t',
    toText: textOf(type),
  }));
  const pieces: Buffer[] = [];
  let piece = Buffer.allocUnsafe(pieceBytes);
  let end = 0;
  for (const row of rows) {
    let line = '';
    for (const { column, separator, toText } of cells) line += separator + toText(row[column]);
    if (loneSurrogate.test(line)) return null;
    const bytesMax = line.length * bytesPerChar + 1;
    if (end + bytesMax > piece.length) {
      pieces.push(piece.subarray(0, end));
      piece = Buffer.allocUnsafe(Math.max(pieceBytes, bytesMax));
      end = 0;
    }
    // Written line by line: a text of all rows would be a tree of parts, which lives long enough to slow down the process.
    end += piece.write(line, end);
    end += piece.write('\n', end);
  }
  return [...pieces, piece.subarray(0, end)];
};

const pieceBytes = 64 * 1_024;
// UTF-8 needs at most three bytes for a unit of a JavaScript text.
const bytesPerChar = 3;
const loneSurrogate = /\p{Surrogate}/u;

const nullText = '\\N';

const textOf = (type: ColumnType): ((value: unknown) => string) => {
  if (type === 'jsonb') return (value) => escaped(JSON.stringify(value ?? null));
  if (type === 'text[]') return (value) => (Array.isArray(value) ? escaped(arrayText(value)) : nullText);
  return (value) => (value === null || value === undefined ? nullText : escaped(String(value)));
};

const arrayText = (values: readonly unknown[]): string => `{${values.map(elementText).join()}}`;

const elementText = (value: unknown): string =>
  value === null || value === undefined ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`;

const escaped = (text: string): string => (special.test(text) ? text.replace(specials, escapeOf) : text);

const special = /[\\\n\r\t]/;
const specials = /[\\\n\r\t]/g;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const escapeOf = (char: string): string => escapes[char] ?? char;
