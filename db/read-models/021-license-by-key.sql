-- Finds a license before its organization is known: the one door around row-level security of rm.license_keys. One row,
-- of nulls for an unknown key; plpgsql, and no set of rows, because that costs a third of a set-returning SQL function.
grant create on schema rm to ledger_auth;
set local role ledger_auth;

create function rm.license_by_key(wanted bytea, out issuer_org_id text, out license_id text, out key_version integer)
language plpgsql stable security definer
set search_path = ''
as $$
begin
  select k.issuer_org_id, k.license_id, k.key_version into issuer_org_id, license_id, key_version
    from rm.license_keys k where k.key_hash = wanted;
end
$$;

grant execute on function rm.license_by_key(bytea) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
