-- The holders of the tenant's own licenses whose name begins so, in any case, and the tenant itself. A holder has consented
-- to the tenant, or held its license before there was consent. A block changes nothing here, because the tenant must not
-- learn of it. A door around row-level security of rm.organizations, for a search. It steps from holder to holder along an index, so that it takes as long as
-- there are holders, however many licenses they have. At most 1,000 of them: what more begin with is no search any more.
create policy look_up on rm.licenses for select to ledger_auth using (true);
grant select (issuer_org_id, holder_org_id) on rm.licenses to ledger_auth;
grant select (name_lower) on rm.organizations to ledger_auth;

grant create on schema rm to ledger_auth;
set local role ledger_auth;

create function rm.holders_named(prefix text) returns text[]
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
    -- Holders are stepped to only until enough were found.
    select named.id from (select tenant as id union all select h.id from holders h where h.id <> tenant) named
      -- The limit keeps the planner at one look-up each.
      cross join lateral (select o.name_lower from rm.organizations o where o.organization_id = named.id limit 1) o
      where o.name_lower >= lower(prefix) and o.name_lower < lower(prefix) || U&'\+10FFFF'
      limit 1000
  );
end
$$;

grant execute on function rm.holders_named(text) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
