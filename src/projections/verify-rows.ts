import type { PoolClient } from 'pg';
import type { Recorded } from '../eventstore/event-store.ts';
import { activations, transferredRow } from './activations.ts';
import { apiKeys } from './api-keys.ts';
import type { Changes } from './fold-event.ts';
import { licenseEvents } from './license-events.ts';
import { licenseKeys } from './license-keys.ts';
import { type FoldedLicense, licenseRow, licenses } from './licenses.ts';
import { type FoldedOrganization, organizationRow, organizations } from './organizations.ts';
import { countRows, differingRows, keyOf, type Row, rowKeys, type Table } from './rows.ts';
import type { Finding } from './verify.ts';

/** What the tables must hold, gathered batch by batch. */
export type Expectation = {
  readonly stored: {
    readonly licenses: Map<string, FoldedLicense>;
    readonly organizations: Map<string, FoldedOrganization>;
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

/** Compares the tables of `rm`, as `db` sees them, with what is added. */
export const createExpectation = (db: PoolClient): Expectation => {
  const stored = { licenses: new Map<string, FoldedLicense>(), organizations: new Map<string, FoldedOrganization>() };
  const opened = new Map<string, Expected>();
  const createdKeys = new Map<string, Expected>();
  const keys = { licenseKeys: new Set<string>() };
  const counts = new Map<Table, number>();

  const compare = async (table: Table, expected: readonly Expected[]): Promise<Finding | null> => {
    counts.set(table, (counts.get(table) ?? 0) + expected.length);
    for (let from = 0; from < expected.length; from += pageMax) {
      const page = expected.slice(from, from + pageMax);
      const [differing] = await differingRows(
        db,
        table,
        page.map(({ row }) => row),
      );
      const place = page.find(({ row }) => keyOf(table, row) === differing)?.place;
      if (place !== undefined)
        return { ...place, what: `the row ${differing} of ${table.name} is missing or not what the log makes it` };
    }
    return null;
  };

  const owners: readonly (readonly [Table, (key: string) => boolean])[] = [
    [licenses, (key) => stored.licenses.has(key)],
    [licenseEvents, (key) => isOfHistory(stored.licenses, key)],
    [licenseKeys, (key) => keys.licenseKeys.has(key)],
    [activations, (key) => opened.has(key)],
    [organizations, (key) => stored.organizations.has(key)],
    [apiKeys, (key) => createdKeys.has(key)],
  ];

  return {
    stored,
    rows: () => [...counts.values()].reduce((sum, count) => sum + count, 0),

    add: async (changes, batch) => {
      const last = new Map(batch.map((recorded) => [recorded.stream, recorded]));
      const at = (stream: string): Place => placeOf(stream, last.get(stream));
      const ofLicense = (row: Row): Expected => ({ row, place: at(`license-${row.license_id}`) });
      for (const [id, license] of changes.licenses) stored.licenses.set(id, license);
      for (const [id, organization] of changes.organizations) stored.organizations.set(id, organization);
      for (const transfer of changes.transfers)
        for (const [id, { row, place }] of opened) opened.set(id, { row: transferredRow(row, transfer), place });
      for (const [id, row] of changes.activations) opened.set(id, ofLicense(row));
      for (const { activation_id, deactivated_at, cause } of changes.closings) {
        const before = opened.get(activation_id);
        if (before === undefined)
          return { ...nowhere, what: `an event ends the activation ${activation_id}, which none made` };
        const place = at(before.place.stream ?? '');
        opened.set(activation_id, { row: { ...before.row, deactivated_at, cause }, place });
      }
      for (const row of changes.licenseKeys) keys.licenseKeys.add(keyOf(licenseKeys, row));
      for (const [id, row] of changes.apiKeys)
        createdKeys.set(id, { row, place: at(`organization-${row.issuer_org_id}`) });
      for (const [id, change] of changes.apiKeyChanges) {
        const before = createdKeys.get(id);
        if (before === undefined) return { ...nowhere, what: `an event changes the API key ${id}, which none made` };
        createdKeys.set(id, { row: { ...before.row, ...change }, place: at(before.place.stream ?? '') });
      }
      const events = new Map(batch.map((recorded) => [`${recorded.stream}/${recorded.revision}`, recorded]));
      const ofEvent = (row: Row): Expected => {
        const stream = `license-${row.license_id}`;
        return { row, place: placeOf(stream, events.get(`${stream}/${row.revision}`)) };
      };
      return (
        (await compare(licenseEvents, changes.licenseEvents.map(ofEvent))) ??
        (await compare(licenseKeys, changes.licenseKeys.map(ofLicense)))
      );
    },

    finish: async () => {
      const folded = [...stored.licenses].map(([id, license]) => ({
        row: licenseRow(license),
        place: { position: license.position, stream: `license-${id}`, revision: license.revision },
      }));
      const known = [...stored.organizations].map(([id, organization]) => ({
        row: organizationRow(organization),
        place: { position: organization.position, stream: `organization-${id}`, revision: organization.revision },
      }));
      const differing =
        (await compare(licenses, folded)) ??
        (await compare(activations, [...opened.values()])) ??
        (await compare(organizations, known)) ??
        (await compare(apiKeys, [...createdKeys.values()]));
      if (differing !== null) return differing;
      for (const [table, isExpected] of owners) {
        const extra = await extraRow(db, table, counts.get(table) ?? 0, isExpected);
        if (extra !== null)
          return { ...nowhere, what: `${table.name} has the row ${extra}, which no event of the log makes` };
      }
      return null;
    },
  };
};

const pageMax = 1_000;
const nowhere: Place = { position: null, stream: null, revision: null };

const placeOf = (stream: string, recorded: Recorded | undefined): Place => ({
  position: recorded?.position.commit ?? null,
  stream,
  revision: recorded?.revision ?? null,
});

const isOfHistory = (folded: ReadonlyMap<string, FoldedLicense>, key: string): boolean => {
  const [issuerOrgId, licenseId = '', revision = ''] = key.split('/');
  const license = folded.get(licenseId);
  return license !== undefined && license.facts.issuerOrgId === issuerOrgId && BigInt(revision) <= license.revision;
};

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
