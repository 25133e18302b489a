-- What a backup reads of logins and of personal values: see ops.last_backup. Sessions, refresh tokens and password resets are
-- left out, so that a restore brings no ended login back.
grant usage on schema identity, vault to ledger_backup;
grant select on identity.api_keys, identity.api_key_secrets, identity.users, identity.login_devices, identity.member_labels,
  identity.organization_places to ledger_backup;
create policy backup on identity.api_keys for select to ledger_backup using (true);
create policy backup on identity.api_key_secrets for select to ledger_backup using (true);
create policy backup on identity.users for select to ledger_backup using (true);
create policy backup on identity.login_devices for select to ledger_backup using (true);
create policy backup on identity.member_labels for select to ledger_backup using (true);
create policy backup on identity.organization_places for select to ledger_backup using (true);

grant select on vault.personal_values, vault.license_metadata, vault.license_metadata_values, vault.assigned_users,
  vault.seat_holders to ledger_backup;
create policy backup on vault.personal_values for select to ledger_backup using (true);
create policy backup on vault.license_metadata for select to ledger_backup using (true);
create policy backup on vault.license_metadata_values for select to ledger_backup using (true);
create policy backup on vault.assigned_users for select to ledger_backup using (true);
create policy backup on vault.seat_holders for select to ledger_backup using (true);
