-- The organizations that a user created and that may count against the limit of organizations in tier FREE. A row is
-- written before the organization, so that concurrent requests of all processes see each other. Rows that no longer count
-- are removed when the user creates the next organization.
create table identity.organization_places (
  user_id text not null,
  organization_id text not null,
  -- The start of the last attempt to create the organization.
  taken_at timestamptz not null,
  primary key (user_id, organization_id)
);

alter table identity.organization_places enable row level security;
alter table identity.organization_places force row level security;
create policy own on identity.organization_places to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));

grant select, insert, update, delete on identity.organization_places to ledger_api;
