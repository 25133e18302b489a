import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { errorCode, errorText } from '../../embedded/errors.ts';
import { CommandEnded, exitCodes } from '../exit-codes.ts';

/** A table of Postgres with its schema, and the columns that are copied. */
export type CopiedTable = { readonly table: string; readonly columns: readonly string[] };

/** A part that was written. `bytes` and `sha256` are those of the compressed file. */
export type WrittenPart = { readonly rows: number; readonly bytes: number; readonly sha256: string };

/**
 * Writes the rows of a table to a new file that only its owner can read, as the text format of COPY, compressed. Returns when
 * the file is on disk. Throws CommandEnded when the disk is full.
 */
export const copyOut = async (
  db: pg.Client,
  source: CopiedTable,
  { file, signal, onBytes }: { readonly file: string; readonly signal: AbortSignal; readonly onBytes: OnBytes },
): Promise<WrittenPart> => {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const rows = db.query(copyStreams.to(`copy ${targetOf(source)} to stdout`));
    const count = passing((chunk) => onBytes(chunk.length));
    const digest = passing((chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    const written = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(rows, count, createGzip({ level: 1 }), digest, written, { signal });
    return { rows: rows.rowCount, bytes, sha256: hash.digest('hex') };
  } catch (error) {
    throw isFull(error) ? diskFull(file, error) : error;
  }
};

/** Called with the number of bytes that were copied since the previous call. */
export type OnBytes = (bytes: number) => void;

/** Adds the rows of a file to a table. Returns their number. */
export const copyIn = async (
  db: pg.Client,
  target: CopiedTable,
  { file, onBytes }: { readonly file: string; readonly onBytes: OnBytes },
): Promise<number> => {
  const rows = db.query(copyStreams.from(`copy ${targetOf(target)} from stdin`));
  await pipeline(
    createReadStream(file),
    createGunzip(),
    passing((chunk) => onBytes(chunk.length)),
    rows,
  );
  return rows.rowCount;
};

/** Returns the size and the SHA-256 of a file. */
export const digestOfFile = async (file: string): Promise<{ readonly bytes: number; readonly sha256: string }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
};

/** Sets what the text of values depends on, and removes the limits: a large table takes hours. */
export const prepareCopying = async (db: pg.Client): Promise<void> => {
  await db.query(
    `set statement_timeout = 0; set lock_timeout = '10s'; set idle_in_transaction_session_timeout = 0;
     set datestyle = 'ISO, MDY'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set client_encoding = 'UTF8'`,
  );
};

/** Returns the columns of tables in their order, without those that Postgres computes. */
export const columnsOf = async (
  db: pg.Client,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const { rows } = await db.query<{ table: string; columns: string[] }>(
    `select n.nspname || '.' || c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname || '.' || c.relname = any($1) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     group by 1`,
    [tables],
  );
  return new Map(rows.map(({ table, columns }) => [table, columns]));
};

/** Returns a table with its schema, quoted. */
export const quoted = (table: string): string => table.split('.').map(pg.escapeIdentifier).join('.');

/** Returns true for an error of a disk without space. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');

/** Returns the error of a backup that a full disk ended. */
export const diskFull = (file: string, error: unknown): CommandEnded =>
  new CommandEnded(
    exitCodes.failed,
    `The backup could not be written to ${file}: ${errorText(error)}. Free space, or name another place with --to. Then repeat.`,
  );

const targetOf = ({ table, columns }: CopiedTable): string =>
  `${quoted(table)} (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')})`;

const passing = (see: (chunk: Buffer) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _, done) {
      see(chunk);
      done(null, chunk);
    },
  });
