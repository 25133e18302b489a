-- The projects of an organization.
create table rm.projects (
  -- The organization itself.
  issuer_org_id text not null,
  project_id text not null,
  name text not null,
  -- What names are found by: a condition with lower() could not use an index under row-level security.
  name_lower text collate "C" not null generated always as (lower(name)) stored,
  -- Where vault holds what a person wrote about it.
  metadata_ref text,
  created_at timestamptz not null,
  -- Null: in use.
  archived_at timestamptz,
  primary key (issuer_org_id, project_id)
);

create index projects_by_time on rm.projects (issuer_org_id, created_at, project_id);
create index projects_by_name on rm.projects (issuer_org_id, name_lower, project_id);

alter table rm.projects enable row level security;
alter table rm.projects force row level security;
create policy tenant_reads on rm.projects for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.projects as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else false end);
create policy projector on rm.projects to ledger_projector using (true) with check (true);

grant select on rm.projects to ledger_api;
grant select, insert, update, delete on rm.projects to ledger_projector;
