import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noRows, type RowChanges, type TableChanges } from '../fold/changes.ts';
import { catalogOf, licenseOf, organizationOf, type Stored } from '../fold/fold-event.ts';
import { activations } from './activations.ts';
import { apiKeys } from './api-keys.ts';
import { catalogRow, catalogs, loadCatalogs } from './catalogs.ts';
import { invitations } from './invitations.ts';
import { issuerDecisions } from './issuer-decisions.ts';
import { leases } from './leases.ts';
import { licenseEvents } from './license-events.ts';
import { licenseKeys } from './license-keys.ts';
import { licenseOffers } from './license-offers.ts';
import { licenseProducts } from './license-products.ts';
import { licenseUsers } from './license-users.ts';
import { isSameGrant, licenseRow, licenseStateRow, licenses, loadLicenses } from './licenses.ts';
import { memberships } from './memberships.ts';
import { loadOrganizations, organizationRow, organizations } from './organizations.ts';
import { policies } from './policies.ts';
import { products } from './products.ts';
import { projects } from './projects.ts';
import { releases } from './releases.ts';
import { insertRows, type Row, type Table, UnmakeableRow, updateRows, upsertRows } from './rows.ts';
import { type Sweeper, sweepRows } from './sweep.ts';
import { licenseLastValidations } from './usage/license-last-validations.ts';
import { licenseUsageLevels } from './usage/license-usage-levels.ts';
import { usageCorrections } from './usage/usage-corrections.ts';
import { usageDays } from './usage/usage-days.ts';
import { usageIds } from './usage/usage-ids.ts';
import { usagePeriods } from './usage/usage-periods.ts';

/** A table of the read models, with what the projector and `ledger verify` need to know about it. */
export type ReadModel = {
  readonly table: Table;
  /** The kind of stream that a row is made of. Its `license_id`, or else its `issuer_org_id`, names the stream. */
  readonly stream: 'license' | 'organization' | 'catalog';
  /**
   * `final`: written once. `changing`: written once, then changed. `replaceable`: may also be written again as a whole.
   */
  readonly rows: 'final' | 'changing' | 'replaceable';
};

/** Every table. A table that is missing here is neither written, verified nor rebuilt. */
export const readModelTables: readonly ReadModel[] = [
  { table: licenses, stream: 'license', rows: 'replaceable' },
  { table: licenseProducts, stream: 'license', rows: 'replaceable' },
  { table: licenseUsageLevels, stream: 'license', rows: 'replaceable' },
  { table: licenseLastValidations, stream: 'license', rows: 'changing' },
  { table: licenseKeys, stream: 'license', rows: 'final' },
  { table: activations, stream: 'license', rows: 'changing' },
  { table: leases, stream: 'license', rows: 'replaceable' },
  { table: licenseUsers, stream: 'license', rows: 'replaceable' },
  { table: licenseOffers, stream: 'license', rows: 'replaceable' },
  { table: licenseEvents, stream: 'license', rows: 'final' },
  { table: usageIds, stream: 'license', rows: 'final' },
  { table: usagePeriods, stream: 'license', rows: 'replaceable' },
  { table: usageDays, stream: 'license', rows: 'replaceable' },
  { table: usageCorrections, stream: 'license', rows: 'final' },
  { table: organizations, stream: 'organization', rows: 'replaceable' },
  { table: memberships, stream: 'organization', rows: 'replaceable' },
  { table: invitations, stream: 'organization', rows: 'changing' },
  { table: projects, stream: 'organization', rows: 'changing' },
  { table: issuerDecisions, stream: 'organization', rows: 'replaceable' },
  { table: apiKeys, stream: 'organization', rows: 'changing' },
  { table: catalogs, stream: 'catalog', rows: 'replaceable' },
  { table: products, stream: 'catalog', rows: 'changing' },
  { table: policies, stream: 'catalog', rows: 'changing' },
  { table: releases, stream: 'catalog', rows: 'replaceable' },
];

/** The tables whose rows stay, so that the log says how many there are. */
export const countedTables: readonly ReadModel[] = readModelTables.filter(({ table }) => table.purged === undefined);

/** Returns the stored states of the streams of these events. */
export const loadStored = async (db: PoolClient, events: readonly Recorded[]): Promise<Stored> => ({
  licenses: await loadLicenses(db, idsOf(events, licenseOf)),
  organizations: await loadOrganizations(db, idsOf(events, organizationOf)),
  catalogs: await loadCatalogs(db, idsOf(events, catalogOf)),
});

/**
 * Returns what a batch does to every table, including the rows of its streams. This form is used to write, compare and
 * rebuild rows. A license in `stored` gets only the changed columns when its grant is unchanged. Throws UnmakeableRow
 * when no row can be made of a state.
 */
export const changedRows = (changes: Changes, stored: Pick<Stored, 'licenses'>): ReadonlyMap<Table, TableChanges> => {
  const ofLicenses = noRows();
  for (const [id, license] of changes.licenses) {
    if (isSameGrant(stored.licenses.get(id)?.facts, license.facts))
      ofLicenses.changed.set(id, rowOf(id, license, licenseStateRow));
    else ofLicenses.created.set(id, rowOf(id, license, licenseRow));
  }
  return new Map([
    ...changes.rows,
    [licenses, ofLicenses],
    [organizations, rowsOf(changes.organizations, organizationRow)],
    [catalogs, rowsOf(changes.catalogs, catalogRow)],
  ]);
};

/**
 * Writes what a batch changes. Each table takes one statement for new rows, one per set of changed columns and one per
 * form of sweep. Each further sweep of one stream takes as many again.
 */
export const writeChanges = async (
  db: PoolClient,
  stored: Stored,
  changes: Changes,
  { sweep = sweepRows, add = addRows, sentMax = 2 }: Writing = {},
): Promise<void> => {
  const rows = changedRows(changes, stored);
  const ofTables = readModelTables.map((model) => ({ model, changes: rows.get(model.table) ?? noRows() }));
  await sendInOrder(
    ofTables.flatMap(({ model, changes }) => statementsFor(db, model, changes, add)),
    sentMax,
  );
  for (const { model, changes } of ofTables)
    for (const step of changes.steps) {
      await sweep(db, model.table, step.sweeps);
      await sendInOrder(statementsFor(db, model, step, addRows), sentMax);
    }
};

/**
 * How changes are written. `add`: adds the whole rows of a batch, but for those that follow a sweep. `sentMax`: so many
 * statements are sent before the answer to the first of them. The time that a pool waits for an answer includes those
 * before it: 1 where statements may take longer than half of it.
 */
export type Writing = { readonly sweep?: Sweeper; readonly add?: Adder; readonly sentMax?: number };

/** Adds whole rows. Replaces a replaceable row when its key exists, and throws when another row exists. */
export type Adder = (db: PoolClient, model: ReadModel, rows: readonly Row[]) => Promise<void>;

/** Adds rows with one statement. */
export const addRows: Adder = (db, { table, rows: kind }, rows) =>
  (kind === 'replaceable' ? upsertRows : insertRows)(db, table, rows);

type Statement = () => Promise<void>;

/**
 * Carries out statements one after the other. Postgres works on one while the next one is made and sent. Waits for all
 * that were sent, then throws the first failure: the transaction ends with nothing left to carry out.
 */
const sendInOrder = async (statements: readonly Statement[], sentMax: number): Promise<void> => {
  const sent: Promise<void>[] = [];
  const answered = async (count: number) => {
    for (const result of await Promise.allSettled(sent.splice(0, count)))
      if (result.status === 'rejected') {
        await Promise.allSettled(sent);
        throw result.reason;
      }
  };
  for (const statement of statements) {
    if (sent.length === sentMax) await answered(1);
    sent.push(statement());
  }
  await answered(sent.length);
};

/** Returns the statements for rows of a table, in their order. */
const statementsFor = (
  db: PoolClient,
  model: ReadModel,
  { created, changed }: RowChanges,
  add: Adder,
): readonly Statement[] => [
  ...(created.size === 0 ? [] : [() => add(db, model, [...created.values()])]),
  ...[...byColumns(model.table, changed.values())].map(
    ({ columns, rows }) =>
      () =>
        updateRows(db, model.table, columns, rows),
  ),
];

const idsOf = (events: readonly Recorded[], idOf: (stream: string) => string | null): string[] => {
  const streams = new Set(events.map(({ stream }) => stream));
  return [...streams].map(idOf).filter((id) => id !== null);
};

const rowsOf = <State>(states: ReadonlyMap<string, State>, toRow: (state: State) => Row): TableChanges => ({
  ...noRows(),
  created: new Map([...states].map(([id, state]) => [id, rowOf(id, state, toRow)])),
});

// The same events always cause the same error here. UnmakeableRow blames their stream, so that no other stream waits.
const rowOf = <State>(id: string, state: State, toRow: (state: State) => Row): Row => {
  try {
    return toRow(state);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UnmakeableRow(`No row can be made of ${id}: ${why}`, { cause });
  }
};

/** Groups rows by the columns that they change. */
const byColumns = (table: Table, rows: Iterable<Row>) => {
  const groups = new Map<string, { readonly columns: readonly string[]; readonly rows: Row[] }>();
  const others = Object.keys(table.columns).filter((column) => !table.key.includes(column));
  for (const row of rows) {
    const columns = others.filter((column) => column in row);
    const group = groups.get(columns.join()) ?? { columns, rows: [] };
    group.rows.push(row);
    groups.set(columns.join(), group);
  }
  return groups.values();
};
