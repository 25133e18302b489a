-- The names of the users that an organization has assigned to licenses: erasable, no event. Only the organization that
-- assigned the user reads and writes the name.
create table vault.assigned_users (
  -- The organization that assigned the user: the holder of the license, or the issuer of a license without a holder.
  issuer_org_id text not null,
  license_id text not null,
  user_ref text not null,
  name text not null,
  -- When the assignment gave the name. An assignment that ended later had this name.
  named_at timestamptz not null,
  primary key (issuer_org_id, license_id, user_ref)
);

alter table vault.assigned_users enable row level security;
alter table vault.assigned_users force row level security;
create policy tenant on vault.assigned_users to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, update, delete on vault.assigned_users to ledger_api;
