-- The history of licenses: every stored event, as stored. metadata is the whole envelope; the columns repeat what is asked for.
create table rm.license_events (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  revision bigint not null,
  position bigint not null,
  event_id text not null,
  type text not null,
  recorded_at timestamptz not null,
  effective_at timestamptz not null,
  hash text not null,
  data jsonb not null,
  metadata jsonb not null,
  primary key (issuer_org_id, license_id, revision)
);

alter table rm.license_events enable row level security;
alter table rm.license_events force row level security;
create policy tenant_reads on rm.license_events for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on rm.license_events to ledger_projector using (true) with check (true);

grant select on rm.license_events to ledger_api;
grant select, insert, update, delete on rm.license_events to ledger_projector;
