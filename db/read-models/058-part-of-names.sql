-- What lists find by a part of a reference or of a name, in any case. Two doors around row-level security, each for the
-- tenant only: a condition on a part is not leakproof, so that row-level security would read every row of the tenant
-- before it.
grant select (license_id, other_holder_org_id, external_ref_lower) on rm.licenses to ledger_auth;
grant create on schema rm to ledger_auth;
set local role ledger_auth;

-- The licenses that the tenant issues, or otherwise those that it holds, with a reference that has this part; at most
-- `most` of each. The order makes Postgres read the index of references alone. The caller reads the licenses under
-- row-level security.
create function rm.references_containing(part text, most integer) returns table (issued text[], held text[])
language plpgsql stable security definer
set search_path = ''
as $$
declare
  tenant text := nullif(current_setting('app.org_id', true), '');
begin
  return query select
    array(select l.license_id from rm.licenses l where l.issuer_org_id = tenant and l.external_ref_lower is not null
      and position(lower(part) in l.external_ref_lower) > 0 order by l.external_ref_lower limit most),
    array(select l.license_id from rm.licenses l where l.other_holder_org_id = tenant and l.external_ref_lower is not null
      and position(lower(part) in l.external_ref_lower) > 0 order by l.external_ref_lower limit most);
end
$$;

-- As rm.holders_named, for any part of the name.
create function rm.holders_containing(part text) returns text[]
language plpgsql stable security definer
set search_path = ''
as $$
declare
  tenant text := nullif(current_setting('app.org_id', true), '');
begin
  return array(
    with recursive holders(id) as (
      (select l.holder_org_id from rm.licenses l where l.issuer_org_id = tenant and l.holder_org_id is not null
        order by l.holder_org_id limit 1)
      union all
      select (select l.holder_org_id from rm.licenses l where l.issuer_org_id = tenant and l.holder_org_id > h.id
        order by l.holder_org_id limit 1)
      from holders h where h.id is not null
    )
    select named.id from (select tenant as id union all select h.id from holders h where h.id <> tenant) named
      cross join lateral (select o.name_lower from rm.organizations o where o.organization_id = named.id limit 1) o
      where position(lower(part) in o.name_lower) > 0
      limit 1000
  );
end
$$;

grant execute on function rm.references_containing(text, integer), rm.holders_containing(text) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
