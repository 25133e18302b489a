import type { PoolClient } from 'pg';
import { countRows, differingRows, keyOf, type Row, type Table } from '../tables/rows.ts';
import { type ReadModel, readModelTables } from '../tables/tables.ts';
import { nowhere, type Place, type Tell } from './findings.ts';

/** A stream that was folded. `counts`: how many rows it makes in each table; null: that is not known. */
export type CountedStream = {
  readonly stream: string;
  readonly issuerOrgId: string;
  readonly counts: ReadonlyMap<Table, number> | null;
};

/** Compares the rows of the read models with those that the log makes. */
export type RowComparison = {
  /** Compares a row of a stream, at once or once many have come together. */
  readonly expect: (model: ReadModel, row: Row, place: Place) => Promise<void>;
  /** Compares what has not been compared yet, and how many rows these streams have. */
  readonly settle: (streams: readonly CountedStream[]) => Promise<void>;
  /** How many rows were compared. */
  readonly compared: () => number;
  /** Returns the tables that have more rows than the streams that were settled. */
  readonly tablesWithMore: () => Promise<readonly ReadModel[]>;
};

/** Compares with the tables as `db` sees them, a thousand rows in one statement. Keeps no row that was compared. */
export const createRowComparison = (db: PoolClient, tell: Tell): RowComparison => {
  const waiting = new Map<ReadModel, { readonly row: Row; readonly place: Place }[]>();
  const stored = new Map<ReadModel, number>();
  let compared = 0;

  const compare = async (model: ReadModel): Promise<void> => {
    const page = waiting.get(model) ?? [];
    waiting.delete(model);
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

  const count = async (model: ReadModel, streams: readonly CountedStream[]): Promise<void> => {
    const ofKind = streams.filter(({ stream }) => stream.startsWith(`${model.stream}-`));
    if (ofKind.length === 0) return;
    const counts = await countsOf(db, model, ofKind);
    for (const [index, { stream, counts: made }] of ofKind.entries()) {
      const has = counts[index] ?? 0;
      stored.set(model, (stored.get(model) ?? 0) + has);
      const makes = made?.get(model.table) ?? 0;
      if (made !== null && has !== makes)
        tell(
          'ROWS_DIFFER',
          { ...nowhere, stream },
          `${model.table.name} has ${has} rows of it, the log makes ${makes}`,
        );
    }
  };

  return {
    compared: () => compared,
    expect: async (model, row, place) => {
      const page = waiting.get(model) ?? [];
      page.push({ row, place });
      waiting.set(model, page);
      if (page.length >= pageMax) await compare(model);
    },
    settle: async (streams) => {
      for (const model of readModelTables) {
        await compare(model);
        await count(model, streams);
      }
    },
    tablesWithMore: async () => {
      const more: ReadModel[] = [];
      for (const model of readModelTables)
        if ((await countRows(db, model.table)) > (stored.get(model) ?? 0)) more.push(model);
      return more;
    },
  };
};

/** The column that says which stream a row is of. */
export const ownerColumn = ({ stream }: ReadModel): string => (stream === 'license' ? 'license_id' : 'issuer_org_id');

const pageMax = 1_000;

/** Returns how many rows each stream has in a table, in the order of the streams. */
const countsOf = async (
  db: PoolClient,
  model: ReadModel,
  streams: readonly CountedStream[],
): Promise<readonly number[]> => {
  const { table } = model;
  // The tables' indexes are led by the issuer. One look into the index per stream: a join could read the whole table.
  const { rows } = await db.query<[number]>({
    name: `count ${table.name}`,
    text: `select (select count(*)::integer from ${table.name}
          where issuer_org_id = given.issuer and ${ownerColumn(model)} = given.owner)
      from unnest($1::text[], $2::text[]) with ordinality as given(owner, issuer, place) order by place`,
    values: [
      streams.map(({ stream }) => stream.slice(model.stream.length + 1)),
      streams.map(({ issuerOrgId }) => issuerOrgId),
    ],
    rowMode: 'array',
  });
  return rows.map(([count]) => count);
};
