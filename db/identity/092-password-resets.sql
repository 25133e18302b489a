-- One row per mailed password reset. The token is derived from the id and a secret of the server, so no hash of it is stored.
create table identity.password_resets (
  reset_id text primary key,
  user_id text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  -- The command that used it. A repetition of that request is known by it.
  used_command text,
  check ((used_at is null) = (used_command is null))
);

create index password_resets_by_user on identity.password_resets (user_id) where used_at is null;
create index password_resets_by_end on identity.password_resets (expires_at);

alter table identity.password_resets enable row level security;
alter table identity.password_resets force row level security;
create policy own on identity.password_resets to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));
create policy purge_sees on identity.password_resets for select to ledger_worker
  using (expires_at < now() - interval '1 day');
create policy purge on identity.password_resets for delete to ledger_worker
  using (expires_at < now() - interval '1 day');

grant select, insert, update on identity.password_resets to ledger_api;
grant select (expires_at), delete on identity.password_resets to ledger_worker;
