-- Whether no device or seat of a license is in use, or as many as its limit. It is a table of its own: in rm.licenses the
-- first device of a license would change all indexes.
create table rm.license_usage_levels (
  issuer_org_id text not null,
  -- Null between the levels, as tier and recorded_status.
  holder_org_id text,
  license_id text not null,
  -- ACTIVATIONS or SEATS.
  usage text not null,
  -- NONE or AT_LIMIT. Null: between them, or the limit is 0.
  level text,
  -- Of the license.
  created_at timestamptz not null,
  tier text,
  recorded_status text,
  other_holder_org_id text generated always as (case when holder_org_id <> issuer_org_id then holder_org_id end) stored,
  primary key (issuer_org_id, license_id, usage)
);

create index license_usage_levels_by_issuer
  on rm.license_usage_levels (issuer_org_id, usage, level, tier, recorded_status, created_at, license_id)
  where level is not null;
create index license_usage_levels_by_holder
  on rm.license_usage_levels (other_holder_org_id, usage, level, tier, recorded_status, created_at, license_id)
  where other_holder_org_id is not null and level is not null;

alter table rm.license_usage_levels enable row level security;
alter table rm.license_usage_levels force row level security;
create policy tenant_reads on rm.license_usage_levels for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_usage_levels as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = license_usage_levels.license_id) end);
create policy projector on rm.license_usage_levels to ledger_projector using (true) with check (true);

grant select on rm.license_usage_levels to ledger_api;
grant select, insert, update, delete on rm.license_usage_levels to ledger_projector;
