-- The UTC day of the last validation of each license, or of its issue: by this, lists find licenses that nobody
-- validates.
-- The projector creates a row. A process of the API moves its day on, at most once a day, when it counts validations
-- (db/ops/200-last-validations.sql). The day may be earlier than the last validation, and is never later: it finds
-- candidates, and ops.validation_counts decides. So a day that is lost or late makes a list slower, not wrong.
create table rm.license_last_validations (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  -- Of the license.
  created_at timestamptz not null,
  -- The recorded status is ACTIVE.
  is_active boolean not null,
  -- Null: no validation is known.
  validated_on date,
  -- The holder on that day; empty: there was none. A later holder does not see validations of an earlier one.
  validated_holder_org_id text,
  other_holder_org_id text generated always as (case when holder_org_id <> issuer_org_id then holder_org_id end) stored,
  -- For the issuer, and for the holder. A month is its number since the year 0.
  unused_since date not null generated always as (coalesce(validated_on, (created_at at time zone 'UTC')::date)) stored,
  unused_month integer not null generated always as (
    (extract(year from coalesce(validated_on, (created_at at time zone 'UTC')::date)) * 12
      + extract(month from coalesce(validated_on, (created_at at time zone 'UTC')::date)) - 1)::integer) stored,
  held_unused_since date not null generated always as (
    case when validated_holder_org_id = holder_org_id then validated_on else (created_at at time zone 'UTC')::date end) stored,
  held_unused_month integer not null generated always as (
    (extract(year from case when validated_holder_org_id = holder_org_id then validated_on else (created_at at time zone 'UTC')::date end) * 12
      + extract(month from case when validated_holder_org_id = holder_org_id then validated_on else (created_at at time zone 'UTC')::date end)
      - 1)::integer) stored,
  primary key (issuer_org_id, license_id),
  check ((validated_on is null) = (validated_holder_org_id is null))
)
with (fillfactor = 85);

-- A list walks once for each month, in its order. The day at the end leaves the rest of the last month unread.
create index license_last_validations_by_issuer
  on rm.license_last_validations (issuer_org_id, unused_month, is_active, created_at, license_id, unused_since);
create index license_last_validations_by_holder
  on rm.license_last_validations (other_holder_org_id, held_unused_month, is_active, created_at, license_id, held_unused_since)
  where other_holder_org_id is not null;

alter table rm.license_last_validations enable row level security;
alter table rm.license_last_validations force row level security;
create policy tenant_reads on rm.license_last_validations for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_moves on rm.license_last_validations for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_last_validations as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = license_last_validations.license_id) end);
create policy projector on rm.license_last_validations to ledger_projector using (true) with check (true);

-- A rebuild takes the days from ops.validation_counts.
create trigger fill_last_validations after insert on rm.license_last_validations
  referencing new table as created for each statement execute function ops.fill_last_validations();

grant select, update (validated_on, validated_holder_org_id) on rm.license_last_validations to ledger_api;
grant select, insert, update, delete on rm.license_last_validations to ledger_projector;
