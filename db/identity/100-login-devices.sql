-- The devices that a user has signed in on. A device token lets its holder try passwords apart from all others, so
-- failures from elsewhere never count against it. It is no credential. A change of the password deletes all of them.
create table identity.login_devices (
  -- HMAC-SHA-256 of the token under a configured secret.
  token_hash bytea primary key,
  user_id text not null,
  created_at timestamptz not null,
  -- When a login presented the token again; null: never.
  presented_at timestamptz,
  expires_at timestamptz not null
);

create index login_devices_by_user on identity.login_devices (user_id);
create index login_devices_by_end on identity.login_devices (expires_at);

alter table identity.login_devices enable row level security;
alter table identity.login_devices force row level security;
create policy own on identity.login_devices to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));
create policy look_up on identity.login_devices for select to ledger_auth using (true);
create policy purge_sees on identity.login_devices for select to ledger_worker using (expires_at < now() - interval '1 day');
create policy purge on identity.login_devices for delete to ledger_worker using (expires_at < now() - interval '1 day');

grant select, insert, update, delete on identity.login_devices to ledger_api;
grant select (token_hash, user_id, expires_at) on identity.login_devices to ledger_auth;
grant select (expires_at), delete on identity.login_devices to ledger_worker;
