import type pg from 'pg';
import { quoted } from './copy-table.ts';

/**
 * Lets exactly the issuer and the present holder of each license read its values in the vault. A transfer changes the vault
 * after its event, so the log of a backup can have a transfer that its rows do not show. Compares with the read models, which
 * must be level with the log. One transaction, on a connection of the login that migrates.
 */
export const giveToHolders = async (db: pg.Client): Promise<void> => {
  await db.query('begin; set local role ledger_owner');
  // The owner is bound by row-level security, too, except while it is not forced. Nobody else works on the database.
  for (const table of [...read, ...written]) await db.query(`alter table ${quoted(table)} no force row level security`);
  for (const change of changes) await db.query(change);
  for (const table of [...read, ...written]) await db.query(`alter table ${quoted(table)} force row level security`);
  await db.query('commit');
};

const read = ['rm.licenses', 'rm.activations', 'rm.leases'] as const;

const written = [
  'vault.license_metadata',
  'vault.license_metadata_values',
  'vault.personal_values',
  'vault.seat_holders',
  'vault.assigned_users',
] as const;

const changes = [
  // A trigger changes vault.license_metadata_values, and fills a date that was not known.
  `update vault.license_metadata m set holder_org_id = l.holder_org_id from rm.licenses l
     where l.license_id = m.license_id
       and (m.holder_org_id is distinct from l.holder_org_id or m.license_created_at = 'infinity')`,
  `update vault.personal_values v set holder_org_id = a.holder_org_id
     from (select name_ref as ref, holder_org_id from rm.activations where name_ref is not null
           union all select metadata_ref, holder_org_id from rm.activations where metadata_ref is not null) a
     where a.ref = v.ref and v.holder_org_id is distinct from a.holder_org_id`,
  // The next holder sees only the seats that stayed.
  `delete from vault.seat_holders h using rm.leases s, rm.licenses l
     where (s.issuer_org_id, s.license_id, s.lease_id) = (h.issuer_org_id, h.license_id, h.lease_id)
       and l.license_id = h.license_id and s.ended_at is not null
       and h.holder_org_id is distinct from l.holder_org_id`,
  `update vault.seat_holders h set holder_org_id = l.holder_org_id from rm.licenses l
     where l.license_id = h.license_id and h.holder_org_id is distinct from l.holder_org_id`,
  // An earlier holder does not see the license, so it can erase none of these names.
  `delete from vault.assigned_users u using rm.licenses l
     where l.license_id = u.license_id and u.issuer_org_id <> l.issuer_org_id
       and u.issuer_org_id is distinct from l.holder_org_id`,
];
