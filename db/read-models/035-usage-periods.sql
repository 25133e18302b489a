-- The use of a meter by counter: one for each period in which something was used. The use is recorded and carried, less
-- reset and less its rows of usage_corrections.
create table rm.usage_periods (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  meter text not null,
  -- The number of the first event that the counter counted, among those of the license about usage.
  counter integer not null,
  -- What ends the period: TERM, NEVER, or a duration of the calendar.
  resets text not null,
  period_start timestamptz not null,
  -- Null: the period has no end, or its end is not known.
  period_end timestamptz,
  recorded bigint not null,
  -- What a renewal took over from the counter before, or, below 0, left to the next one.
  carried bigint not null,
  reset bigint not null,
  -- The number of the last event that reset this counter; 0: none did.
  reset_by integer not null,
  -- The limit at the last usage, reset or late renewal of the counter, not at a correction: a number or "unlimited".
  limit_then jsonb not null,
  primary key (issuer_org_id, license_id, meter, counter)
);

-- GET /v1/licenses/{licenseId}/usage: newest first.
create index usage_periods_by_start on rm.usage_periods (license_id, period_start, counter, meter);

alter table rm.usage_periods enable row level security;
alter table rm.usage_periods force row level security;
create policy tenant_reads on rm.usage_periods for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy within_products on rm.usage_periods as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = usage_periods.license_id) end);
create policy projector on rm.usage_periods to ledger_projector using (true) with check (true);

grant select on rm.usage_periods to ledger_api;
grant select, insert, update, delete on rm.usage_periods to ledger_projector;
