-- One row per login. Its refresh tokens are one family: when one of them is used twice, the session ends.
create table identity.sessions (
  session_id text primary key,
  user_id text not null,
  -- Which organization its access tokens name; null: none.
  organization_id text,
  user_agent text check (char_length(user_agent) <= 200),
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  -- When it ends unless it is refreshed before, and when it ends however often it was.
  expires_at timestamptz not null,
  absolute_expires_at timestamptz not null,
  revoked_at timestamptz,
  revoke_reason text,
  check (expires_at <= absolute_expires_at),
  check ((revoked_at is null) = (revoke_reason is null))
);

create index sessions_by_user on identity.sessions (user_id, last_used_at);
create index sessions_by_end on identity.sessions (expires_at);

alter table identity.sessions enable row level security;
alter table identity.sessions force row level security;
create policy own on identity.sessions to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));

-- A day later no access token of it can still be in use.
create policy purge_sees on identity.sessions for select to ledger_worker using (expires_at < now() - interval '1 day');
create policy purge on identity.sessions for delete to ledger_worker using (expires_at < now() - interval '1 day');

grant select, insert, update on identity.sessions to ledger_api;
grant select (expires_at), delete on identity.sessions to ledger_worker;
