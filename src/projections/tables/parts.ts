import type { PoolClient } from 'pg';
import { change, type RowChanges, type Write } from '../fold/changes.ts';
import { activations } from './activations.ts';
import { leases } from './leases.ts';
import { licenseUsers } from './license-users.ts';
import { keyOf, type Row, type Table } from './rows.ts';

/** Something that is open on a license: an activation, a lease, an assigned user. `row`: its key, and more perhaps. */
export type OpenPart = { readonly table: Table; readonly row: Row };

/** Tables of what is opened and ended on a license. A row is open while its column `end` is null. */
export const partTables: readonly { readonly table: Table; readonly end: string }[] = [
  { table: activations, end: 'deactivated_at' },
  { table: leases, end: 'ended_at' },
  { table: licenseUsers, end: 'unassigned_at' },
];

/**
 * Gives to the new holder of a license what is open on it; what has ended stays with whom it was. `stored`: what was open
 * before the batch, `rows`: what the batch did since.
 */
export const transferWrites = (
  licenseId: string,
  holderOrgId: string | null,
  stored: readonly OpenPart[],
  rows: ReadonlyMap<Table, RowChanges>,
): readonly Write[] =>
  partTables.flatMap(({ table, end }) => {
    const { made = none, changed = none } = rows.get(table) ?? {};
    const still = stored.filter(({ table: own, row }) => {
      const key = keyOf(table, row);
      return own === table && !made.has(key) && (changed.get(key)?.[end] ?? null) === null;
    });
    const fresh = [...made.values()].filter((row) => row.license_id === licenseId && row[end] === null);
    return [...still.map(({ row }) => row), ...fresh].map((row) =>
      change(table, { ...keyIn(table, row), holder_org_id: holderOrgId }),
    );
  });

/** What is open on these licenses, by license. As ledger_projector. */
export const loadOpenParts = async (
  db: PoolClient,
  licenseIds: readonly string[],
): Promise<ReadonlyMap<string, readonly OpenPart[]>> => {
  const open = new Map<string, OpenPart[]>();
  if (licenseIds.length === 0) return open;
  for (const { table, end } of partTables) {
    const { rows } = await db.query<{ license_id: string } & Row>({
      name: `open ${table.name}`,
      text: `select license_id, ${table.key} from ${table.name} where license_id = any($1) and ${end} is null`,
      values: [licenseIds],
    });
    for (const row of rows) open.set(row.license_id, [...(open.get(row.license_id) ?? []), { table, row }]);
  }
  return open;
};

/** What is open on licenses, in memory, by the rows that are added as they come to be. */
export const createOpenParts = () => {
  const byLicense = new Map<string, Map<string, OpenPart>>();
  return {
    get: (licenseId: string): readonly OpenPart[] => [...(byLicense.get(licenseId)?.values() ?? [])],
    add: (table: Table, rows: Iterable<Row>): void => {
      const part = partTables.find((each) => each.table === table);
      if (part === undefined) return;
      for (const row of rows) {
        const licenseId = String(row.license_id);
        const open = byLicense.get(licenseId) ?? new Map<string, OpenPart>();
        const key = `${table.name} ${keyOf(table, row)}`;
        if (row[part.end] === null) open.set(key, { table, row });
        else open.delete(key);
        if (open.size > 0) byLicense.set(licenseId, open);
        else byLicense.delete(licenseId);
      }
    },
  };
};

const none: ReadonlyMap<string, Row> = new Map();

const keyIn = ({ key }: Table, row: Row): Row => Object.fromEntries(key.map((column) => [column, row[column]]));
