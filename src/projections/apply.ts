import type { Pool, PoolClient } from 'pg';
import type { Position, Recorded } from '../eventstore/event-store.ts';
import { activations, closingColumns, transferActivations } from './activations.ts';
import { apiKeys, changingColumns } from './api-keys.ts';
import { moveCheckpoint, type Projection } from './checkpoint.ts';
import { type Changes, foldBatch, licenseOf, organizationOf, type Stored } from './fold-batch.ts';
import { licenseEvents } from './license-events.ts';
import { licenseKeys } from './license-keys.ts';
import { type FoldedLicense, isSameGrant, licenseRow, licenses, loadLicenses, stateColumns } from './licenses.ts';
import { loadOrganizations, organizationRow, organizations } from './organizations.ts';
import { insertRows, updateRows, upsertRows } from './rows.ts';
import { transaction } from './transaction.ts';

/** Consecutive events after `from`, oldest first, and how far the log is handled with them. */
export type Batch = {
  readonly from: Position | 'start';
  readonly events: readonly Recorded[];
  readonly to: Position;
};

/**
 * Brings a batch into the read models: rows and checkpoint in one transaction, or nothing. False: the checkpoint is not at
 * `from`, because another instance was faster; nothing was changed. Throws Unprojectable for an event that does not fit.
 */
export const applyBatch = (pool: Pool, projection: Projection, { from, events, to }: Batch): Promise<boolean> =>
  transaction(pool, beginReplayable, async (db) => {
    if (!(await moveCheckpoint(db, projection, from, to, events.at(-1) ?? null))) return false;
    if (events.length === 0) return true;
    const stored = await load(db, events);
    await write(db, stored, foldBatch(events, stored));
    return true;
  });

// Rows and checkpoint that a crash of Postgres takes back go together, and the log has them: no need to wait for the disk.
const beginReplayable = 'begin; set local synchronous_commit = off';

const load = async (db: PoolClient, events: readonly Recorded[]) => ({
  licenses: await loadLicenses(db, idsOf(events, licenseOf)),
  organizations: await loadOrganizations(db, idsOf(events, organizationOf)),
});

const idsOf = (events: readonly Recorded[], idOf: (stream: string) => string | null): string[] => {
  const streams = new Set(events.map(({ stream }) => stream));
  return [...streams].map(idOf).filter((id) => id !== null);
};

const write = async (db: PoolClient, stored: Stored, changes: Changes): Promise<void> => {
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
