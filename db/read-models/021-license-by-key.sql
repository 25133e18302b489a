-- Finds a license before its organization is known: the one door around row-level security of rm.license_keys.
grant create on schema rm to ledger_auth;
set local role ledger_auth;

create function rm.license_by_key(wanted bytea)
returns table (issuer_org_id text, license_id text, key_version integer)
language sql stable security definer rows 1
set search_path = ''
as $$
  select k.issuer_org_id, k.license_id, k.key_version from rm.license_keys k where k.key_hash = wanted
$$;

grant execute on function rm.license_by_key(bytea) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
