-- Finds a credential before its organization is known: the one door around row-level security of identity.api_keys.
grant create on schema identity to ledger_auth;
set local role ledger_auth;

create function identity.api_key_by_lookup(wanted text)
returns table (api_key_id text, org_id text, hash bytea, secret_id text, revoked_at timestamptz)
language sql stable security definer rows 1
set search_path = ''
as $$
  select k.api_key_id, k.issuer_org_id, k.hash, k.secret_id, k.revoked_at
  from identity.api_keys k
  where k.lookup_id = wanted
$$;

grant execute on function identity.api_key_by_lookup(text) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;
