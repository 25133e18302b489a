-- Which stored hashes need which secret. Each function returns ids and counts of all organizations, and no hash. Only the
-- owner calls them, for `ledger secrets`.
grant select (created_at, expires_at, used_at) on identity.refresh_tokens to ledger_auth;
grant select (created_at) on identity.login_devices to ledger_auth;

grant create on schema identity to ledger_auth;
set local role ledger_auth;

-- The API keys with a hash under a secret that are not revoked. secret_ref null: the hash of the creation.
create function identity.api_keys_of_secret(named text)
returns table (api_key_id text, secret_ref text)
language sql stable security definer
set search_path = ''
as $$
  select k.api_key_id, null from identity.api_keys k where k.secret_id = named and k.revoked_at is null
  union all
  select k.api_key_id, s.secret_ref from identity.api_key_secrets s join identity.api_keys k on k.api_key_id = s.api_key_id
    where s.secret_id = named and k.revoked_at is null
$$;

-- Refresh tokens and device tokens name no secret. Those that were created between two instants and still work.
create function identity.tokens_created_between(earliest timestamptz, latest timestamptz)
returns table (refresh_tokens bigint, device_tokens bigint)
language sql stable security definer rows 1
set search_path = ''
as $$
  select
    (select count(*) from identity.refresh_tokens t
      where t.created_at between earliest and latest and t.used_at is null and t.expires_at > now()),
    (select count(*) from identity.login_devices d where d.created_at between earliest and latest and d.expires_at > now())
$$;

grant execute on function identity.api_keys_of_secret(text), identity.tokens_created_between(timestamptz, timestamptz)
  to ledger_owner;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;
