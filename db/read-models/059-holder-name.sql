-- The name of an organization that holds a license of the tenant: a door around row-level security of rm.organizations.
-- A holder has consented to the tenant, or held its license before there was consent. Null for every other organization,
-- so that nobody learns a name from an id.
grant create on schema rm to ledger_auth;
set local role ledger_auth;

create function rm.holder_name(holder text) returns text
language plpgsql stable security definer
set search_path = ''
as $$
declare
  tenant text := nullif(current_setting('app.org_id', true), '');
begin
  return (
    select o.name from rm.organizations o
    where o.organization_id = holder
      and exists (select from rm.licenses l where l.issuer_org_id = tenant and l.holder_org_id = holder)
  );
end
$$;

grant execute on function rm.holder_name(text) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
