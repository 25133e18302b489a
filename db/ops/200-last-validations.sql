-- Counting a validation also moves on the day of the last validation in rm.license_last_validations.

-- A new row of the read models begins with what is known: a rebuild creates the rows of licenses that were validated
-- before.
create policy last_validation on ops.validation_counts for select to ledger_auth using (true);
grant select (issuer_org_id, license_id, day, holder_org_id) on ops.validation_counts to ledger_auth;
grant create on schema ops to ledger_auth;
set local role ledger_auth;

-- The last counted validation of each of these licenses that has one, of its present holder if there are several on
-- that day. A holder is empty where there is none. It runs as ledger_auth, which reads the
-- counts of all organizations, because the projector belongs to none.
create function ops.last_validations_of(issuers text[], licenses text[], holders text[])
returns table (issuer_org_id text, license_id text, day date, holder_org_id text)
language sql stable security definer rows 1
set search_path = ''
as $$
  select n.issuer_org_id, n.license_id, c.day, c.holder_org_id
    from unnest(issuers, licenses, holders) n(issuer_org_id, license_id, holder_org_id)
      cross join lateral (select c.day, c.holder_org_id from ops.validation_counts c
        where c.issuer_org_id = n.issuer_org_id and c.license_id = n.license_id
        order by c.day desc, c.holder_org_id = n.holder_org_id desc limit 1) c
$$;
grant execute on function ops.last_validations_of(text[], text[], text[]) to ledger_projector;
set local role ledger_owner;
revoke create on schema ops from ledger_auth;

-- The trigger of rm.license_last_validations, once for all rows of a batch of events.
create function ops.fill_last_validations() returns trigger
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  execute format('update %s v set validated_on = c.day, validated_holder_org_id = c.holder_org_id
    from (select array_agg(issuer_org_id) as issuers, array_agg(license_id) as licenses,
        array_agg(coalesce(holder_org_id, '''')) as holders from created) n
      cross join lateral ops.last_validations_of(n.issuers, n.licenses, n.holders) c
    where v.issuer_org_id = c.issuer_org_id and v.license_id = c.license_id', tg_relid::regclass);
  return null;
end
$$;

-- As before, and moves on the last validation of each license of the batch. It skips a row that another transaction has
-- locked, so it never waits for the projector, and cannot deadlock with it. The next validation of the license moves
-- that row.
-- Read models of an earlier release do not have the table.
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
