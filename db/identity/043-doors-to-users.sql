-- Finds whose an e-mail address or a refresh token is before the user is known: the two doors around row-level security of
-- identity.users and identity.refresh_tokens.
grant create on schema identity to ledger_auth;
set local role ledger_auth;

create function identity.user_by_email(wanted text)
returns table (user_id text, password_hash text, state text, command_id text, created_at timestamptz)
language sql stable security definer rows 1
set search_path = ''
as $$
  select u.user_id, u.password_hash, u.state, u.command_id, u.created_at
  from identity.users u
  where u.email_lower = lower(wanted) collate "C"
$$;

create function identity.user_by_refresh_token(wanted bytea) returns text
language sql stable security definer
set search_path = ''
as $$
  select t.user_id from identity.refresh_tokens t where t.token_hash = wanted
$$;

grant execute on function identity.user_by_email(text), identity.user_by_refresh_token(bytea) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;
