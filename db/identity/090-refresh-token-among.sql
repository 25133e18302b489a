-- Finds the owner of a refresh token by the hashes that it may be stored with: keyed ones, one for each secret, and the plain
-- SHA-256 of earlier builds. A door around row-level security, like identity.user_by_refresh_token before it, which the
-- processes of earlier builds still call.
grant create on schema identity to ledger_auth;
set local role ledger_auth;

create function identity.refresh_token_among(hashes bytea[])
returns table (user_id text, token_hash bytea)
language sql stable security definer rows 1
set search_path = ''
as $$
  select t.user_id, t.token_hash from identity.refresh_tokens t where t.token_hash = any(hashes)
$$;

grant execute on function identity.refresh_token_among(bytea[]) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;
