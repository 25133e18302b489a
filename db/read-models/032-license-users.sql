-- The users a license is assigned to, and those it was.
create table rm.license_users (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  user_ref text not null,
  -- Of the event that made the row: the order in which the oldest are ended.
  revision bigint not null,
  -- Of the last time, where a user was assigned again.
  assigned_at timestamptz not null,
  -- Null: assigned.
  unassigned_at timestamptz,
  cause text,
  primary key (issuer_org_id, license_id, user_ref),
  check ((unassigned_at is null) = (cause is null))
);

create index license_users_assigned on rm.license_users (license_id, assigned_at, user_ref) where unassigned_at is null;
-- A search for a user. The reference differs between issuers and holders.
create index license_users_by_user on rm.license_users (user_ref) where unassigned_at is null;

alter table rm.license_users enable row level security;
alter table rm.license_users force row level security;
create policy tenant_reads on rm.license_users for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_users as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = license_users.license_id) end);
create policy projector on rm.license_users to ledger_projector using (true) with check (true);

grant select on rm.license_users to ledger_api;
grant select, insert, update, delete on rm.license_users to ledger_projector;
