-- People who log in. A user belongs to no organization: memberships are events, and in rm.memberships. Who is let in is
-- decided here; of an address, a name or a password no event ever tells.
create table identity.users (
  user_id text primary key,
  -- As it was given; case does not tell two apart.
  email text not null,
  email_lower text collate "C" not null unique generated always as (lower(email)) stored,
  password_hash text not null,
  display_name text,
  -- pending: a signup is under way, or was abandoned; another may take the address over.
  state text not null check (state in ('pending', 'active', 'deactivated')),
  -- Of the signup: a repetition is known by it.
  command_id text not null,
  created_at timestamptz not null,
  activated_at timestamptz,
  deactivated_at timestamptz,
  -- Access tokens of earlier seconds are refused; null: none is.
  sessions_not_before timestamptz,
  check ((activated_at is null) = (state = 'pending')),
  check ((deactivated_at is null) = (state <> 'deactivated'))
);

create index users_pending on identity.users (created_at) where state = 'pending';

alter table identity.users enable row level security;
alter table identity.users force row level security;
create policy own on identity.users to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));
create policy look_up on identity.users for select to ledger_auth using (true);

-- A signup that nobody came back to leaves no address behind.
create policy purge_sees on identity.users for select to ledger_worker
  using (state = 'pending' and created_at < now() - interval '1 day');
create policy purge on identity.users for delete to ledger_worker
  using (state = 'pending' and created_at < now() - interval '1 day');

-- Hashes are read through identity.user_by_email only.
grant select (user_id, email, email_lower, display_name, state, command_id, created_at, activated_at, deactivated_at, sessions_not_before)
  on identity.users to ledger_api;
grant insert, update, delete on identity.users to ledger_api;
grant select (user_id, email_lower, password_hash, state, command_id, created_at) on identity.users to ledger_auth;
grant usage on schema identity to ledger_worker;
grant select (created_at), delete on identity.users to ledger_worker;
