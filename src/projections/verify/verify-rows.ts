import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noRows, type RowChanges, type TableChanges } from '../fold/changes.ts';
import { catalogRow, catalogs, type FoldedCatalog } from '../tables/catalogs.ts';
import { licenseEvents } from '../tables/license-events.ts';
import { type FoldedLicense, licenseRow, licenses } from '../tables/licenses.ts';
import { type FoldedOrganization, organizationRow, organizations } from '../tables/organizations.ts';
import { countRows, differingRows, keyOf, MissingRows, type Row, rowKeys, type Table } from '../tables/rows.ts';
import { createRowsInMemory } from '../tables/rows-in-memory.ts';
import { changedRows, type ReadModel, readModelTables } from '../tables/tables.ts';
import type { Finding } from './verify.ts';

/** What the tables must hold, gathered batch by batch. */
export type Expectation = {
  readonly stored: {
    readonly licenses: Map<string, FoldedLicense>;
    readonly organizations: Map<string, FoldedOrganization>;
    readonly catalogs: Map<string, FoldedCatalog>;
  };
  /** Adds what a batch changes, and compares the rows that no later event can change. */
  readonly add: (changes: Changes, batch: readonly Recorded[]) => Promise<Finding | null>;
  /** Compares the rest, and looks for rows that no event made. */
  readonly finish: () => Promise<Finding | null>;
  /** How many rows were expected so far. */
  readonly rows: () => number;
};

type Place = Pick<Finding, 'position' | 'stream' | 'revision'>;
type Expected = { readonly row: Row; readonly place: Place };

/** Compares the tables of the read models, as `db` sees them, with what is added. Keeps what later events may change. */
export const createExpectation = (db: PoolClient): Expectation => {
  const stored = {
    licenses: new Map<string, FoldedLicense>(),
    organizations: new Map<string, FoldedOrganization>(),
    catalogs: new Map<string, FoldedCatalog>(),
  };
  const ownTables = new Map([
    own(licenses, 'license', stored.licenses, licenseRow),
    own(organizations, 'organization', stored.organizations, organizationRow),
    own(catalogs, 'catalog', stored.catalogs, catalogRow),
  ]);
  const counts = new Map<Table, number>();
  // By key; null: it was compared already, and cannot change.
  const kept = new Map<Table, Map<string, Expected | null>>(readModelTables.map(({ table }) => [table, new Map()]));
  const inMemory = new Map(readModelTables.map(({ table }) => [table, createRowsInMemory(table)]));

  const compare = async (table: Table, expected: Iterable<Expected>): Promise<Finding | null> => {
    for (const page of pages(expected)) {
      counts.set(table, (counts.get(table) ?? 0) + page.length);
      const rows = page.map(({ row }) => row);
      const [differing] = await differingRows(db, table, rows);
      const place = page.find(({ row }) => keyOf(table, row) === differing)?.place;
      if (place !== undefined)
        return { ...place, what: `the row ${differing} of ${table.name} is missing or not what the log makes it` };
    }
    return null;
  };

  const keep = ({ table, stream }: ReadModel, changes: TableChanges, placeOf: PlaceOf): Finding | null => {
    const own = inMemory.get(table);
    try {
      for (const key of own?.apply(changes) ?? []) {
        const row = own?.rows.get(key);
        if (row !== undefined) kept.get(table)?.set(key, { row, place: placeOf(stream, row) });
      }
    } catch (error) {
      if (error instanceof MissingRows) return { ...nowhere, what: error.message };
      throw error;
    }
    return null;
  };

  const compareFinal = ({ table, stream }: ReadModel, { made }: RowChanges, placeOf: PlaceOf) => {
    // The history is told by its licenses.
    if (table !== licenseEvents) for (const key of made.keys()) kept.get(table)?.set(key, null);
    return compare(
      table,
      [...made.values()].map((row) => ({ row, place: placeOf(stream, row) })),
    );
  };

  const isExpected = (table: Table, key: string): boolean => {
    const [id = '', ...rest] = key.split('/');
    if (table === licenseEvents) return isOfHistory(stored.licenses.get(rest[0] ?? ''), id, rest[1] ?? '');
    return ownTables.get(table)?.has(id) ?? kept.get(table)?.has(key) ?? false;
  };

  return {
    stored,
    rows: () => [...counts.values()].reduce((sum, count) => sum + count, 0),

    add: async (changes, batch) => {
      const rows = changedRows(changes, stored);
      const placeOf = placesIn(batch);
      for (const model of readModelTables) {
        if (ownTables.has(model.table)) continue;
        const ofTable = rows.get(model.table) ?? noRows();
        const finding =
          model.rows === 'final' ? await compareFinal(model, ofTable, placeOf) : keep(model, ofTable, placeOf);
        if (finding !== null) return finding;
      }
      for (const [id, license] of changes.licenses) stored.licenses.set(id, license);
      for (const [id, organization] of changes.organizations) stored.organizations.set(id, organization);
      for (const [id, catalog] of changes.catalogs) stored.catalogs.set(id, catalog);
      return null;
    },

    finish: async () => {
      for (const { table } of readModelTables) {
        const rows = [...(kept.get(table)?.values() ?? [])].filter((expected) => expected !== null);
        const finding = await compare(table, ownTables.get(table)?.rows() ?? rows);
        if (finding !== null) return finding;
      }
      for (const { table } of readModelTables) {
        const extra = await extraRow(db, table, counts.get(table) ?? 0, (key) => isExpected(table, key));
        if (extra !== null)
          return { ...nowhere, what: `${table.name} has the row ${extra}, which no event of the log makes` };
      }
      return null;
    },
  };
};

const pageMax = 1_000;
const nowhere: Place = { position: null, stream: null, revision: null };
type PlaceOf = (kind: ReadModel['stream'], row: Row) => Place;

// A row with a revision is of that event, any other of the last one of its stream.
const placesIn = (batch: readonly Recorded[]): PlaceOf => {
  const last = new Map(batch.map((recorded) => [recorded.stream, recorded]));
  const events = new Map(batch.map((recorded) => [`${recorded.stream}/${recorded.revision}`, recorded]));
  return (kind, row) => {
    const stream = `${kind}-${kind === 'license' ? row.license_id : row.issuer_org_id}`;
    const recorded = events.get(`${stream}/${row.revision}`) ?? last.get(stream);
    return { position: recorded?.position.commit ?? null, stream, revision: recorded?.revision ?? null };
  };
};

/** A table whose rows are made of the streams' states, at the end. */
type OwnTable = { readonly has: (id: string) => boolean; readonly rows: () => Iterable<Expected> };

const own = <State extends { readonly revision: bigint; readonly position: bigint }>(
  table: Table,
  kind: ReadModel['stream'],
  states: ReadonlyMap<string, State>,
  rowOf: (state: State) => Row,
): readonly [Table, OwnTable] => [
  table,
  {
    has: (id) => states.has(id),
    rows: function* () {
      for (const [id, state] of states) {
        const { position, revision } = state;
        yield { row: rowOf(state), place: { position, stream: `${kind}-${id}`, revision } };
      }
    },
  },
];

function* pages<T>(values: Iterable<T>): Generator<readonly T[]> {
  let page: T[] = [];
  for (const value of values) {
    page.push(value);
    if (page.length < pageMax) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const isOfHistory = (license: FoldedLicense | undefined, issuerOrgId: string, revision: string): boolean =>
  license !== undefined && license.facts.issuerOrgId === issuerOrgId && BigInt(revision) <= license.revision;

const extraRow = async (
  db: PoolClient,
  table: Table,
  expected: number,
  isExpected: (key: string) => boolean,
): Promise<string | null> => {
  if ((await countRows(db, table)) === expected) return null;
  for await (const keys of rowKeys(db, table)) {
    const extra = keys.find((key) => !isExpected(key));
    if (extra !== undefined) return extra;
  }
  return null;
};
