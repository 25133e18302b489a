import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noRows, type RowChanges, type TableChanges } from '../fold/changes.ts';
import { catalogOf, licenseOf, organizationOf, type Stored } from '../fold/fold-event.ts';
import { activations } from './activations.ts';
import { apiKeys } from './api-keys.ts';
import { catalogRow, catalogs, loadCatalogs } from './catalogs.ts';
import { invitations } from './invitations.ts';
import { leases } from './leases.ts';
import { licenseEvents } from './license-events.ts';
import { licenseKeys } from './license-keys.ts';
import { licenseProducts } from './license-products.ts';
import { licenseUsers } from './license-users.ts';
import { isSameGrant, licenseRow, licenseStateRow, licenses, loadLicenses } from './licenses.ts';
import { memberships } from './memberships.ts';
import { loadOrganizations, organizationRow, organizations } from './organizations.ts';
import { policies } from './policies.ts';
import { products } from './products.ts';
import { projects } from './projects.ts';
import { insertRows, type Row, type Table, UnmakeableRow, updateRows, upsertRows } from './rows.ts';
import { type Sweeper, sweepRows } from './sweep.ts';

/** A table of the read models, and what the projector and `ledger verify` must know of it. */
export type ReadModel = {
  readonly table: Table;
  /** The kind of stream that a row is made of: that of its `license_id`, else that of its `issuer_org_id`. */
  readonly stream: 'license' | 'organization' | 'catalog';
  /** `final`: made once and never changed. `changing`: made once, then changed. `remade`: may also be made again, anew. */
  readonly rows: 'final' | 'changing' | 'remade';
};

/** Every table there is: what is not here is neither written, verified nor rebuilt. */
export const readModelTables: readonly ReadModel[] = [
  { table: licenses, stream: 'license', rows: 'remade' },
  { table: licenseProducts, stream: 'license', rows: 'remade' },
  { table: licenseKeys, stream: 'license', rows: 'final' },
  { table: activations, stream: 'license', rows: 'changing' },
  { table: leases, stream: 'license', rows: 'remade' },
  { table: licenseUsers, stream: 'license', rows: 'remade' },
  { table: licenseEvents, stream: 'license', rows: 'final' },
  { table: organizations, stream: 'organization', rows: 'remade' },
  { table: memberships, stream: 'organization', rows: 'remade' },
  { table: invitations, stream: 'organization', rows: 'changing' },
  { table: projects, stream: 'organization', rows: 'changing' },
  { table: apiKeys, stream: 'organization', rows: 'changing' },
  { table: catalogs, stream: 'catalog', rows: 'remade' },
  { table: products, stream: 'catalog', rows: 'changing' },
  { table: policies, stream: 'catalog', rows: 'changing' },
];

/** What the tables hold of the streams of these events. */
export const loadStored = async (db: PoolClient, events: readonly Recorded[]): Promise<Stored> => ({
  licenses: await loadLicenses(db, idsOf(events, licenseOf)),
  organizations: await loadOrganizations(db, idsOf(events, organizationOf)),
  catalogs: await loadCatalogs(db, idsOf(events, catalogOf)),
});

/**
 * What a batch does to every table, the rows of its streams included: the one form from which rows are written, compared
 * and rebuilt. `stored` says which licenses were there already, of which only what changed is given. Throws UnmakeableRow.
 */
export const changedRows = (changes: Changes, stored: Pick<Stored, 'licenses'>): ReadonlyMap<Table, TableChanges> => {
  const ofLicenses = noRows();
  for (const [id, license] of changes.licenses) {
    if (isSameGrant(stored.licenses.get(id)?.facts, license.facts))
      ofLicenses.changed.set(id, rowOf(id, license, licenseStateRow));
    else ofLicenses.made.set(id, rowOf(id, license, licenseRow));
  }
  return new Map([
    ...changes.rows,
    [licenses, ofLicenses],
    [organizations, madeOf(changes.organizations, organizationRow)],
    [catalogs, madeOf(changes.catalogs, catalogRow)],
  ]);
};

/**
 * Writes what a batch changes: per table one statement, one per set of columns that are changed, and one per form of
 * sweep; again so many for each further sweep of one stream.
 */
export const writeChanges = async (
  db: PoolClient,
  stored: Stored,
  changes: Changes,
  sweep: Sweeper = sweepRows,
): Promise<void> => {
  const rows = changedRows(changes, stored);
  for (const model of readModelTables) {
    const ofTable = rows.get(model.table) ?? noRows();
    await writeRows(db, model, ofTable);
    for (const step of ofTable.steps) {
      await sweep(db, model.table, step.sweeps);
      await writeRows(db, model, step);
    }
  }
};

const writeRows = async (
  db: PoolClient,
  { table, rows: kind }: ReadModel,
  { made, changed }: RowChanges,
): Promise<void> => {
  if (kind === 'remade') await upsertRows(db, table, [...made.values()]);
  else await insertRows(db, table, [...made.values()]);
  for (const [columns, same] of byColumns(table, changed.values())) await updateRows(db, table, columns, same);
};

const idsOf = (events: readonly Recorded[], idOf: (stream: string) => string | null): string[] => {
  const streams = new Set(events.map(({ stream }) => stream));
  return [...streams].map(idOf).filter((id) => id !== null);
};

const madeOf = <State>(states: ReadonlyMap<string, State>, toRow: (state: State) => Row): TableChanges => ({
  ...noRows(),
  made: new Map([...states].map(([id, state]) => [id, rowOf(id, state, toRow)])),
});

// Whatever is thrown here is thrown again for the same events: the stream is at fault, and no other may wait for it.
const rowOf = <State>(id: string, state: State, toRow: (state: State) => Row): Row => {
  try {
    return toRow(state);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UnmakeableRow(`No row can be made of ${id}: ${why}`, { cause });
  }
};

const byColumns = (table: Table, rows: Iterable<Row>): Iterable<readonly [readonly string[], readonly Row[]]> => {
  const groups = new Map<string, { readonly columns: readonly string[]; readonly rows: Row[] }>();
  const others = Object.keys(table.columns).filter((column) => !table.key.includes(column));
  for (const row of rows) {
    const columns = others.filter((column) => column in row);
    const group = groups.get(columns.join()) ?? { columns, rows: [] };
    group.rows.push(row);
    groups.set(columns.join(), group);
  }
  return [...groups.values()].map(({ columns, rows: same }) => [columns, same] as const);
};
