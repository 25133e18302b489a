-- The use of a meter by UTC day, over all its periods. usage_corrections has what corrections took from a day.
create table rm.usage_days (
  issuer_org_id text not null,
  -- The holder at the last use of the day.
  holder_org_id text,
  license_id text not null,
  meter text not null,
  -- Such as 2026-06-01.
  day text not null,
  recorded bigint not null,
  -- What resets of the day took away, whenever it was used.
  reset bigint not null,
  primary key (issuer_org_id, license_id, meter, day)
);

-- GET /v1/licenses/{licenseId}/usage?by=day: newest first.
create index usage_days_by_day on rm.usage_days (license_id, day, meter);

alter table rm.usage_days enable row level security;
alter table rm.usage_days force row level security;
create policy tenant_reads on rm.usage_days for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy within_products on rm.usage_days as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = usage_days.license_id) end);
create policy projector on rm.usage_days to ledger_projector using (true) with check (true);

grant select on rm.usage_days to ledger_api;
grant select, insert, update, delete on rm.usage_days to ledger_projector;
