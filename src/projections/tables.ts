import type { PoolClient } from 'pg';
import type { Recorded } from '../eventstore/event-store.ts';
import { activations, closingColumns, transferActivations } from './activations.ts';
import { apiKeys, changingColumns } from './api-keys.ts';
import type { Changes, Stored } from './fold-event.ts';
import { licenseOf, organizationOf } from './fold-event.ts';
import { licenseEvents } from './license-events.ts';
import { licenseKeys } from './license-keys.ts';
import { type FoldedLicense, isSameGrant, licenseRow, licenses, loadLicenses, stateColumns } from './licenses.ts';
import { loadOrganizations, organizationRow, organizations } from './organizations.ts';
import { insertRows, updateRows, upsertRows } from './rows.ts';

/** What the tables hold of the streams of these events. */
export const loadStored = async (db: PoolClient, events: readonly Recorded[]): Promise<Stored> => ({
  licenses: await loadLicenses(db, idsOf(events, licenseOf)),
  organizations: await loadOrganizations(db, idsOf(events, organizationOf)),
});

const idsOf = (events: readonly Recorded[], idOf: (stream: string) => string | null): string[] => {
  const streams = new Set(events.map(({ stream }) => stream));
  return [...streams].map(idOf).filter((id) => id !== null);
};

/** Writes what a batch changes, one statement per table whatever its size. */
export const writeChanges = async (db: PoolClient, stored: Stored, changes: Changes): Promise<void> => {
  const changed = [...changes.licenses.values()];
  const keepsGrant = ({ facts }: FoldedLicense) => isSameGrant(stored.licenses.get(facts.licenseId)?.facts, facts);
  await upsertRows(db, licenses, changed.filter((license) => !keepsGrant(license)).map(licenseRow));
  await updateRows(db, licenses, stateColumns, changed.filter(keepsGrant).map(licenseRow));
  await insertRows(db, licenseKeys, changes.licenseKeys);
  for (const transfer of changes.transfers) await transferActivations(db, transfer);
  await insertRows(db, activations, [...changes.activations.values()]);
  await updateRows(db, activations, closingColumns, changes.closings);
  await insertRows(db, licenseEvents, changes.licenseEvents);
  await upsertRows(db, organizations, [...changes.organizations.values()].map(organizationRow));
  await insertRows(db, apiKeys, [...changes.apiKeys.values()]);
  const apiKeyChanges = [...changes.apiKeyChanges.values()];
  for (const column of changingColumns)
    await updateRows(
      db,
      apiKeys,
      [column],
      apiKeyChanges.filter((change) => column in change),
    );
};
