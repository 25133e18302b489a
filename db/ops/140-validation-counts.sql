-- Validations of a license per UTC day and product. Telemetry like heartbeats: no event, not rebuilt. Processes add to the
-- same row. A day that passed is kept for 400 days.
create table ops.validation_counts (
  issuer_org_id text not null,
  license_id text not null,
  day date not null,
  -- Empty: the validation named no product of the license.
  product text not null,
  -- The holder on that day; empty: there was none. A later holder does not see the counts of an earlier one.
  holder_org_id text not null,
  validations bigint not null,
  -- How many of them had a verdict that is not valid.
  denied bigint not null,
  last_validated_at timestamptz not null,
  primary key (issuer_org_id, license_id, day, product, holder_org_id)
)
with (fillfactor = 70);

create index validation_counts_by_day on ops.validation_counts (day);

alter table ops.validation_counts enable row level security;
alter table ops.validation_counts force row level security;
create policy tenant_reads on ops.validation_counts for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_notes on ops.validation_counts for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_adds on ops.validation_counts for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy purge_sees on ops.validation_counts for select to ledger_worker
  using (day < (now() at time zone 'UTC')::date - 400);
create policy purge on ops.validation_counts for delete to ledger_worker
  using (day < (now() at time zone 'UTC')::date - 400);

grant select, insert, update on ops.validation_counts to ledger_api;
grant select (issuer_org_id, license_id, day, product, holder_org_id), delete on ops.validation_counts to ledger_worker;

-- Adds the counts of many organizations in one round trip: {issuer: [{license_id, day, …}]}. Each organization is written as
-- itself, under row-level security. The setting ends with the call. One order everywhere prevents deadlocks.
create function ops.note_validations(batch jsonb)
returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  issuer text;
  entries jsonb;
begin
  for issuer, entries in select e.key, e.value from jsonb_each(batch) e order by e.key loop
    perform set_config('app.org_id', issuer, true);
    insert into ops.validation_counts as c
      (issuer_org_id, license_id, day, product, holder_org_id, validations, denied, last_validated_at)
    select issuer, e.license_id, e.day, e.product, e.holder_org_id, e.validations, e.denied, e.last_validated_at
      from jsonb_to_recordset(entries) e(license_id text, day date, product text, holder_org_id text,
        validations bigint, denied bigint, last_validated_at timestamptz)
      order by e.license_id, e.day, e.product, e.holder_org_id
    on conflict (issuer_org_id, license_id, day, product, holder_org_id) do update set
      validations = c.validations + excluded.validations,
      denied = c.denied + excluded.denied,
      last_validated_at = greatest(c.last_validated_at, excluded.last_validated_at);
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function ops.note_validations(jsonb) to ledger_api;
