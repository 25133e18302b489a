-- One row per organization; it belongs to itself.
create table rm.organizations (
  organization_id text primary key,
  issuer_org_id text not null check (issuer_org_id = organization_id),
  -- Revision and position of the last event of the organization's stream.
  revision bigint not null,
  position bigint not null,
  name text not null,
  -- What names are found by: a condition with lower() could not use an index under row-level security.
  name_lower text collate "C" not null generated always as (lower(name)) stored,
  -- In whose calendar the durations of its licenses are counted, by its IANA name.
  time_zone text not null,
  created_at timestamptz not null,
  -- Closed organizations are kept; null: open.
  closed_at timestamptz,
  -- Who else reads its log (src/application/logs/open-log.ts).
  log_is_public boolean not null,
  holders_get_proofs boolean not null
);

create index organizations_by_name on rm.organizations (issuer_org_id, name_lower);

alter table rm.organizations enable row level security;
alter table rm.organizations force row level security;
create policy tenant_reads on rm.organizations for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on rm.organizations to ledger_projector using (true) with check (true);

grant select on rm.organizations to ledger_api;
grant select, insert, update, delete on rm.organizations to ledger_projector;

-- Rights end with these changes; see db/ops/110-access-notices.sql.
create trigger notice_change after update on rm.organizations
  for each row when (old.closed_at is distinct from new.closed_at)
  execute function ops.notice_access_change('organization_id');
create trigger notice_removal after delete on rm.organizations
  for each row execute function ops.notice_access_change('organization_id');
