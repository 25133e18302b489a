-- What corrections took back, by event, counter and UTC day of the corrected usage. A correction of usage that a reset had
-- taken away lowers nothing and has no row.
create table rm.usage_corrections (
  issuer_org_id text not null,
  license_id text not null,
  meter text not null,
  counter integer not null,
  day text not null,
  -- Of the event.
  revision bigint not null,
  quantity bigint not null,
  primary key (issuer_org_id, license_id, meter, counter, day, revision)
);

create index usage_corrections_by_day on rm.usage_corrections (license_id, day, meter);

alter table rm.usage_corrections enable row level security;
alter table rm.usage_corrections force row level security;
-- Only the issuer reads these rows. For a holder the server asks as the issuer, and only for the counters and days that
-- the holder may see: a correction may come from the time of another holder.
create policy tenant_reads on rm.usage_corrections for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy within_products on rm.usage_corrections as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = usage_corrections.license_id) end);
create policy projector on rm.usage_corrections to ledger_projector using (true) with check (true);

grant select on rm.usage_corrections to ledger_api;
grant select, insert, update, delete on rm.usage_corrections to ledger_projector;
