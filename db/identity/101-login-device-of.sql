-- Returns the stored hash of a device token when it is valid for the active user with this address, else null. A login
-- calls it before the user is known.
grant create on schema identity to ledger_auth;
set local role ledger_auth;

create function identity.login_device_of(presented bytea[], of_email text, at timestamptz) returns bytea
language sql stable security definer
set search_path = ''
as $$
  select d.token_hash
  from identity.login_devices d
  join identity.users u on u.user_id = d.user_id
  where d.token_hash = any(presented) and d.expires_at > at
    and u.email_lower = lower(of_email) collate "C" and u.state = 'active'
$$;

grant execute on function identity.login_device_of(bytea[], text, timestamptz) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;
