import pLimit from 'p-limit';
import type { PoolClient } from 'pg';
import { countByOwner, differingRows, keyOf, type Row, type Table } from '../tables/rows.ts';
import { countedTables, type ReadModel, readModelTables } from '../tables/tables.ts';
import { type Census, createCensus, groupOf } from './census.ts';
import { nowhere, type Place, type Tell } from './findings.ts';

/** A folded stream. `counts`: how many rows it makes in each table; null: unknown. */
export type CountedStream = { readonly stream: string; readonly counts: ReadonlyMap<Table, number> | null };

/** Compares the rows of the read models with the rows that the log makes. */
export type RowComparison = {
  /** A connection in the snapshot that is compared. */
  readonly db: PoolClient;
  /** Compares a row of a stream, now or together with later ones. */
  readonly expect: (model: ReadModel, row: Row, place: Place) => Promise<void>;
  /** Compares the rows that are not compared yet. */
  readonly settle: () => Promise<void>;
  /** Returns how many rows were compared. */
  readonly compared: () => number;
};

/** Compares with the tables as `db` sees them, a thousand rows in one statement. Keeps no compared row in memory. */
export const createRowComparison = (db: PoolClient, tell: Tell): RowComparison => {
  const waiting = new Map<ReadModel, { readonly row: Row; readonly place: Place }[]>();
  let compared = 0;
  // Streams are folded at the same time, and a connection has one statement at a time.
  const alone = pLimit(1);

  const compare = (model: ReadModel): Promise<void> => alone(() => comparePage(model));

  const comparePage = async (model: ReadModel): Promise<void> => {
    const page = waiting.get(model) ?? [];
    waiting.delete(model);
    if (page.length === 0) return;
    const { table } = model;
    const rows = page.map(({ row }) => row);
    const differing = new Set(await differingRows(db, table, rows));
    compared += page.length;
    if (differing.size === 0) return;
    for (const { row, place } of page) {
      const key = keyOf(table, row);
      if (differing.has(key))
        tell('ROWS_DIFFER', place, `the row ${key} of ${table.name} is missing or not what the log makes it`);
    }
  };

  return {
    db,
    compared: () => compared,
    expect: async (model, row, place) => {
      const page = waiting.get(model) ?? [];
      page.push({ row, place });
      waiting.set(model, page);
      if (page.length >= pageMax) await compare(model);
    },
    settle: async () => {
      for (const model of readModelTables) await compare(model);
    },
  };
};

const pageMax = 1_000;

/** Compares how many rows these streams have with how many rows they make. */
export const compareCounts = async (db: PoolClient, streams: readonly CountedStream[], tell: Tell): Promise<void> => {
  for (const model of countedTables) {
    const owners = streams.flatMap(({ stream }) => ownerIn(model, stream) ?? []);
    const has = new Map<string, number>();
    if (owners.length > 0)
      for await (const page of countByOwner(db, model.table, ownerColumn(model), owners))
        for (const [owner, count] of page) has.set(streamOf(model, owner), count);
    for (const { stream, counts } of streams)
      if (ownerIn(model, stream) !== null && counts !== null)
        tellOfCount(model, { stream, has: has.get(stream) ?? 0, makes: counts.get(model.table) ?? 0 }, tell);
  }
};

/** Reports a stream that has another number of rows in a table than it makes. */
export const tellOfCount = (
  { table }: ReadModel,
  { stream, has, makes }: { readonly stream: string; readonly has: number; readonly makes: number },
  tell: Tell,
): void => {
  if (has !== makes)
    tell('ROWS_DIFFER', { ...nowhere, stream }, `${table.name} has ${has} rows of it, the log makes ${makes}`);
};

/** Compares the numbers of rows of all streams, in a fixed amount of memory. */
export type RowCensus = {
  readonly add: (streams: readonly CountedStream[]) => void;
  /** Returns the groups of streams with other numbers of rows than they make. Reads every table once. */
  readonly unevenGroups: () => Promise<readonly number[]>;
};

/** Creates an empty census of rows. */
export const createRowCensus = (db: PoolClient): RowCensus => {
  const censuses = new Map<Table, Census>(countedTables.map(({ table }) => [table, createCensus()]));
  return {
    add: (streams) => {
      for (const { stream, counts } of streams)
        for (const [table, count] of counts ?? []) censuses.get(table)?.add(stream, count);
    },
    unevenGroups: async () => {
      const uneven = new Set<number>();
      for (const model of countedTables) {
        const census = censuses.get(model.table) ?? createCensus();
        for await (const page of countByOwner(db, model.table, ownerColumn(model)))
          for (const [owner, count] of page) census.add(streamOf(model, owner), -count);
        for (const group of census.unevenGroups()) uneven.add(group);
      }
      return [...uneven];
    },
  };
};

/** Returns every stream of these groups that has a row in any table. Reads every table once. */
export const streamsWithRows = async (db: PoolClient, groups: ReadonlySet<number>): Promise<ReadonlySet<string>> => {
  const streams = new Set<string>();
  for (const model of readModelTables)
    for await (const page of countByOwner(db, model.table, ownerColumn(model)))
      for (const [owner] of page) {
        const stream = streamOf(model, owner);
        if (groups.has(groupOf(stream))) streams.add(stream);
      }
  return streams;
};

const ownerColumn = ({ stream }: ReadModel): string => (stream === 'license' ? 'license_id' : 'issuer_org_id');
const streamOf = ({ stream }: ReadModel, owner: string): string => `${stream}-${owner}`;
const ownerIn = ({ stream: kind }: ReadModel, stream: string): string | null =>
  stream.startsWith(`${kind}-`) ? stream.slice(kind.length + 1) : null;
