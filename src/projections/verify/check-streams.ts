import type { PoolClient } from 'pg';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import { foldBatch, Unprojectable } from '../fold/fold-batch.ts';
import { nothingStored } from '../fold/fold-event.ts';
import { differingRows, keyOf, MissingRows, type Row, type Table, UnmakeableRow } from '../tables/rows.ts';
import { createRowsInMemory } from '../tables/rows-in-memory.ts';
import { changedRows, type ReadModel, readModelTables } from '../tables/tables.ts';

/** What is wrong with a stream's rows. */
export type Difference = { readonly stream: string; readonly what: string };

type Needs = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector, in a snapshot or where nobody writes. */
  readonly db: PoolClient;
  /** The commit position that the tables are at. */
  readonly upTo: bigint;
};

/**
 * Folds each stream from its first event and compares its rows in every table: none missing, none more, none different.
 * Tells the first difference of each.
 */
export const checkStreams = async (streams: readonly string[], needs: Needs): Promise<readonly Difference[]> => {
  const differences: Difference[] = [];
  for (let first = 0; first < streams.length; first += pageMax) {
    const page = await Promise.all(streams.slice(first, first + pageMax).map((stream) => foldStream(stream, needs)));
    const found = new Map<string, string>();
    for (const each of page) if (each.fault !== null) found.set(each.stream, each.fault);
    for (const model of readModelTables) await compareTable(needs.db, model, page, found);
    differences.push(...[...found].map(([stream, what]) => ({ stream, what })));
  }
  return differences;
};

/** Streams at random, at most `count`, among those that have rows. */
export const drawStreams = async (db: PoolClient, count: number): Promise<readonly string[]> => {
  const { rows } = await db.query<{ stream: string }>(
    `select stream from (
        select 'license-' || license_id as stream from licenses
        union all select 'organization-' || organization_id from organizations
        union all select 'catalog-' || issuer_org_id from catalogs
      ) known order by random() limit $1`,
    [count],
  );
  return rows.map(({ stream }) => stream);
};

// Reads that are under way at once.
const pageMax = 50;

/** `rows`: what the tables must hold of it, per table. `fault`: why that cannot be told. */
type Folded = {
  readonly stream: string;
  readonly rows: ReadonlyMap<Table, ReadonlyMap<string, Row>>;
  readonly fault: string | null;
};

const foldStream = async (stream: string, { store, upTo }: Needs): Promise<Folded> => {
  const { events } = await store.read(stream);
  try {
    return { stream, rows: rowsOf(events.filter(({ position }) => position.commit <= upTo)), fault: null };
  } catch (error) {
    if (error instanceof Unprojectable || error instanceof UnmakeableRow || error instanceof MissingRows)
      return { stream, rows: new Map(), fault: error.message };
    throw error;
  }
};

const rowsOf = (events: readonly Recorded[]): Folded['rows'] => {
  const changes = changedRows(foldBatch(events, nothingStored), nothingStored);
  return new Map(
    [...changes].map(([table, ofTable]) => {
      const { rows, apply } = createRowsInMemory(table);
      apply(ofTable);
      return [table, rows];
    }),
  );
};

const compareTable = async (
  db: PoolClient,
  { table, stream: kind }: ReadModel,
  page: readonly Folded[],
  found: Map<string, string>,
): Promise<void> => {
  const ofKind = page.filter(({ stream, fault }) => stream.startsWith(`${kind}-`) && fault === null);
  if (ofKind.length === 0) return;
  const expected = ofKind.flatMap(({ stream, rows }) =>
    [...(rows.get(table)?.values() ?? [])].map((row) => ({ stream, row })),
  );
  const differing = new Set(
    await differingRows(
      db,
      table,
      expected.map(({ row }) => row),
    ),
  );
  const tell = (stream: string, what: string) => found.set(stream, found.get(stream) ?? what);
  for (const { stream, row } of expected) {
    const key = keyOf(table, row);
    if (differing.has(key)) tell(stream, `the row ${key} of ${table.name} is missing or not what the log makes it`);
  }
  const ids = ofKind.map(({ stream }) => stream.slice(kind.length + 1));
  const owner = kind === 'license' ? 'license_id' : 'issuer_org_id';
  // The tables' indexes are led by the issuer: with it alone, or not at all, every page would read a whole table.
  const issuers = [...new Set(ofKind.flatMap(issuersOf))];
  const { rows: counts } = await db.query<Row>({
    name: `count ${table.name}`,
    text: `select ${owner} as id, count(*)::integer as count from ${table.name}
      where issuer_org_id = any($2) and ${owner} = any($1) group by 1`,
    values: [ids, issuers],
  });
  const stored = new Map(counts.map(({ id, count }) => [`${kind}-${id}`, Number(count)]));
  for (const { stream, rows } of ofKind) {
    const [has, makes] = [stored.get(stream) ?? 0, rows.get(table)?.size ?? 0];
    if (has !== makes) tell(stream, `${table.name} has ${has} rows of it, the log makes ${makes}`);
  }
};

const issuersOf = ({ rows }: Folded): readonly unknown[] =>
  [...rows.values()].flatMap((ofTable) => [...ofTable.values()].map((row) => row.issuer_org_id));
