-- The name of an open issuer that has offered a license to the tenant: a door around row-level security of
-- rm.organizations. Null for every other organization, so that nobody learns a name from an id.
create policy look_up on rm.license_offers for select to ledger_auth using (true);
grant select (issuer_org_id, holder_org_id) on rm.license_offers to ledger_auth;

grant create on schema rm to ledger_auth;
set local role ledger_auth;

create function rm.issuer_name(issuer text) returns text
language plpgsql stable security definer
set search_path = ''
as $$
declare
  tenant text := nullif(current_setting('app.org_id', true), '');
begin
  return (
    select o.name from rm.organizations o
    where o.organization_id = issuer and o.closed_at is null
      and exists (select from rm.license_offers f where f.holder_org_id = tenant and f.issuer_org_id = issuer)
  );
end
$$;

grant execute on function rm.issuer_name(text) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
