-- How far an issuer's catalog is folded into its products and policies.
create table rm.catalogs (
  issuer_org_id text primary key,
  -- Revision and position of the last event of the catalog's stream.
  revision bigint not null,
  position bigint not null,
  opened_at timestamptz not null
);

alter table rm.catalogs enable row level security;
alter table rm.catalogs force row level security;
create policy tenant_reads on rm.catalogs for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on rm.catalogs to ledger_projector using (true) with check (true);

grant select on rm.catalogs to ledger_api;
grant select, insert, update, delete on rm.catalogs to ledger_projector;
