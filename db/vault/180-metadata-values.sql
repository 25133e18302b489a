-- The texts, numbers and truth values in the metadata of licenses, by name: what lists find licenses by. A condition on
-- the JSON could not use an index under row-level security. Triggers keep these rows like vault.license_metadata, so
-- that a value that is replaced or erased there is erased here.
create table vault.license_metadata_values (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  name text collate "C" not null,
  value text collate "C" not null,
  -- The order of lists. 'infinity': not known, see vault.date_metadata.
  license_created_at timestamptz not null,
  primary key (issuer_org_id, name, value, license_created_at, license_id)
);

create index license_metadata_values_of_holder
  on vault.license_metadata_values (holder_org_id, name, value, license_created_at, license_id)
  where holder_org_id is not null;

alter table vault.license_metadata_values enable row level security;
alter table vault.license_metadata_values force row level security;
create policy tenant_reads on vault.license_metadata_values for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_writes on vault.license_metadata_values to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, delete on vault.license_metadata_values to ledger_api;

-- Null: an earlier release is storing the row. The trigger then reads it from the license. 'infinity': the license was not
-- in the read models, so that its date is read at the next write. Lists find such a row, but do not walk along it.
alter table vault.license_metadata add column license_created_at timestamptz;

-- Longer names and values are not found. The limits are those of the filter in src/api/licenses/reading/list-query.ts.
create function vault.metadata_values_of(metadata jsonb) returns table (name text, value text)
language sql immutable security invoker
set search_path = ''
as $$
  select e.key, e.value #>> '{}' from jsonb_each(metadata) e
    where jsonb_typeof(e.value) in ('string', 'number', 'boolean')
      and length(e.key) between 1 and 200 and length(e.value #>> '{}') between 1 and 200
$$;
grant execute on function vault.metadata_values_of(jsonb) to ledger_api;

create function vault.date_metadata() returns trigger
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  if coalesce(new.license_created_at, 'infinity') = 'infinity' then
    new.license_created_at :=
      coalesce((select l.created_at from rm.licenses l where l.license_id = new.license_id), 'infinity');
  end if;
  return new;
end
$$;

create function vault.store_metadata_values() returns trigger
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    delete from vault.license_metadata_values v using vault.metadata_values_of(old.metadata) o
      where v.issuer_org_id = old.issuer_org_id and v.name = o.name and v.value = o.value
        and v.license_created_at = old.license_created_at and v.license_id = old.license_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into vault.license_metadata_values (issuer_org_id, holder_org_id, license_id, name, value, license_created_at)
      select new.issuer_org_id, new.holder_org_id, new.license_id, n.name, n.value, new.license_created_at
        from vault.metadata_values_of(new.metadata) n;
  end if;
  return null;
end
$$;

-- The owner is bound by row-level security, too, except while it is not forced.
alter table vault.license_metadata no force row level security;
alter table vault.license_metadata_values no force row level security;
do $$
begin
  if to_regclass('rm.licenses') is not null then
    alter table rm.licenses no force row level security;
    update vault.license_metadata m set license_created_at = l.created_at from rm.licenses l where l.license_id = m.license_id;
    alter table rm.licenses force row level security;
  end if;
end
$$;
update vault.license_metadata set license_created_at = 'infinity' where license_created_at is null;
insert into vault.license_metadata_values (issuer_org_id, holder_org_id, license_id, name, value, license_created_at)
  select m.issuer_org_id, m.holder_org_id, m.license_id, n.name, n.value, m.license_created_at
    from vault.license_metadata m cross join lateral vault.metadata_values_of(m.metadata) n;
alter table vault.license_metadata force row level security;
alter table vault.license_metadata_values force row level security;

create trigger date_metadata before insert or update on vault.license_metadata
  for each row execute function vault.date_metadata();
create trigger store_metadata_values after insert or delete on vault.license_metadata
  for each row execute function vault.store_metadata_values();
create trigger replace_metadata_values after update on vault.license_metadata
  for each row when (old.* is distinct from new.*) execute function vault.store_metadata_values();
