import type { Pool, PoolClient } from 'pg';
import type { Instant } from '../domain/time.ts';
import { transaction } from '../postgres/transaction.ts';
import type { LeaseOwner } from './lease-liveness.ts';

/**
 * Stores who sits at a seat, and erases the names of the license's seats that ended before `endedBefore`. A name that
 * is stored already is written only when it changes. As the license's issuer.
 */
export const storeSeatHolder = async (
  db: PoolClient,
  { issuerOrgId, holderOrgId, licenseId }: LeaseOwner,
  { leaseId, name, endedBefore }: { readonly leaseId: string; readonly name: string; readonly endedBefore: Instant },
): Promise<void> => {
  const { rowCount } = await db.query({
    name: 'store-seat-holder',
    text: `insert into vault.seat_holders as h (issuer_org_id, holder_org_id, license_id, lease_id, name)
      values ($1, $2, $3, $4, $5)
      on conflict (issuer_org_id, license_id, lease_id) do update set name = excluded.name
        where h.name <> excluded.name`,
    values: [issuerOrgId, holderOrgId, licenseId, leaseId, name],
  });
  if (rowCount === 0) return;
  await db.query({
    name: 'erase-ended-seat-holders',
    text: `delete from vault.seat_holders h using rm.leases l
      where (h.issuer_org_id, h.license_id) = ($1, $2) and (l.issuer_org_id, l.license_id, l.lease_id)
        = (h.issuer_org_id, h.license_id, h.lease_id) and greatest(l.ended_at, l.seat_free_at) < $3`,
    values: [issuerOrgId, licenseId, endedBefore],
  });
};

/** Erases the name of who sits at a seat. As the license's issuer. */
export const eraseSeatHolder = async (
  db: PoolClient,
  { issuerOrgId, licenseId }: Pick<LeaseOwner, 'issuerOrgId' | 'licenseId'>,
  leaseId: string,
): Promise<void> => {
  await db.query({
    name: 'erase-seat-holder',
    text: 'delete from vault.seat_holders where (issuer_org_id, license_id, lease_id) = ($1, $2, $3)',
    values: [issuerOrgId, licenseId, leaseId],
  });
};

/**
 * Lets only the license's holder and issuer read who sits at its open seats, and erases the names of all others. As its
 * issuer.
 */
export const giveSeatHolders = async (
  db: PoolClient,
  { issuerOrgId, holderOrgId, licenseId }: LeaseOwner,
  openLeases: readonly string[],
): Promise<void> => {
  await db.query({
    name: 'erase-other-seat-holders',
    text: `delete from vault.seat_holders where (issuer_org_id, license_id) = ($1, $2) and lease_id <> all($3)`,
    values: [issuerOrgId, licenseId, openLeases],
  });
  await db.query({
    name: 'give-seat-holders',
    text: 'update vault.seat_holders set holder_org_id = $3 where (issuer_org_id, license_id) = ($1, $2)',
    values: [issuerOrgId, licenseId, holderOrgId],
  });
};

/**
 * Erases the names of the seats of all licenses that ended more than 25 hours ago. As ledger_worker, which reads
 * nothing of the vault: the policy of the table chooses the rows. Returns how many names it erased.
 */
export const purgeSeatHolders = (db: Pool): Promise<number> =>
  transaction(db, `begin; set local statement_timeout = ${purgeMsMax}`, async (client) => {
    const { rowCount } = await client.query(purge);
    return rowCount ?? 0;
  });

// The role can name no rows, so one statement judges all of them: 200,000 in 5 seconds, which other statements may take.
const purgeMsMax = 120_000;
const purge = {
  name: 'purge-seat-holders',
  text: 'delete from vault.seat_holders',
  // How long the connection waits for the answer.
  query_timeout: purgeMsMax + 5_000,
};
