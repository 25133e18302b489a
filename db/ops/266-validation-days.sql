-- The validations of all licenses of an issuer per UTC day and product: the sum of ops.validation_counts, which has millions of
-- rows for an issuer with a million licenses. A day that passed is kept for 400 days.
create table ops.validation_days (
  issuer_org_id text not null,
  day date not null,
  -- Empty: the validations named no product of their license.
  product text not null,
  validations bigint not null,
  -- How many of them had a verdict that is not valid.
  denied bigint not null,
  primary key (issuer_org_id, day, product)
)
with (fillfactor = 70);

-- For the purge.
create index validation_days_by_day on ops.validation_days (day);

-- Until the commit nobody adds counts, and everybody reads them: the release before serves meanwhile. Its processes try again.
-- ledger_backup reads the counts of all organizations. A call of the earlier note_validations that waits for this lock goes on
-- as before afterwards: it adds to the counts, and the sums of its day lack them.
lock table ops.validation_counts in share mode;
grant insert on ops.validation_days to ledger_backup;
set local role ledger_backup;
insert into ops.validation_days (issuer_org_id, day, product, validations, denied)
  select issuer_org_id, day, product, sum(validations), sum(denied) from ops.validation_counts
    group by issuer_org_id, day, product;
set local role ledger_owner;
revoke insert on ops.validation_days from ledger_backup;

alter table ops.validation_days enable row level security;
alter table ops.validation_days force row level security;
create policy issuer_reads on ops.validation_days for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_notes on ops.validation_days for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_adds on ops.validation_days for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- A day has the validations of all licenses, so an API key that is limited to products reads ops.validation_counts instead.
create policy within_products on ops.validation_days as restrictive for select to ledger_api
  using (case when (select nullif(current_setting('app.products', true), '')) is null then true else false end);
create policy purge_sees on ops.validation_days for select to ledger_worker
  using (day < (now() at time zone 'UTC')::date - 400);
create policy purge on ops.validation_days for delete to ledger_worker
  using (day < (now() at time zone 'UTC')::date - 400);
create policy backup on ops.validation_days for select to ledger_backup using (true);

grant select, insert, update on ops.validation_days to ledger_api;
grant select (issuer_org_id, day, product), delete on ops.validation_days to ledger_worker;
grant select on ops.validation_days to ledger_backup;

-- As before, and adds to the days of the organization. Each organization has its counts first and its days second, both in
-- one order, so no two processes wait for each other.
create or replace function ops.note_validations(batch jsonb)
returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  issuer text;
  entries jsonb;
begin
  -- The projector needs the rows that this locks, also when the process of the API stops answering before its commit.
  perform set_config('idle_in_transaction_session_timeout', '1000', true);
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
    insert into ops.validation_days as d (issuer_org_id, day, product, validations, denied)
    select issuer, e.day, e.product, sum(e.validations), sum(e.denied)
      from jsonb_to_recordset(entries) e(day date, product text, validations bigint, denied bigint)
      group by e.day, e.product order by e.day, e.product
    on conflict (issuer_org_id, day, product) do update set
      validations = d.validations + excluded.validations,
      denied = d.denied + excluded.denied;
    if to_regclass('rm.license_last_validations') is not null then
      with due as (
        select v.license_id, e.day, e.holder_org_id, coalesce(v.holder_org_id, '') = e.holder_org_id as is_present
          from (select distinct r.license_id, r.day, r.holder_org_id
            from jsonb_to_recordset(entries) r(license_id text, day date, holder_org_id text)) e
          join rm.license_last_validations v on v.issuer_org_id = issuer and v.license_id = e.license_id
          where v.validated_on is null or e.day > v.validated_on
            or e.day = v.validated_on and e.holder_org_id = coalesce(v.holder_org_id, '')
              and e.holder_org_id <> v.validated_holder_org_id
          for update of v skip locked)
      update rm.license_last_validations v set validated_on = d.day, validated_holder_org_id = d.holder_org_id
        from (select distinct on (license_id) license_id, day, holder_org_id from due
          order by license_id, day desc, is_present desc) d
        where v.issuer_org_id = issuer and v.license_id = d.license_id;
    end if;
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;
