-- Every refresh token of a session, by its SHA-256: 256 random bits need no slow hash. Used ones are kept until they would
-- have expired, because a used one that comes back tells of a thief.
create table identity.refresh_tokens (
  token_hash bytea primary key,
  session_id text not null,
  user_id text not null,
  -- Which token it was given for; null: the first of the session.
  parent_hash bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  successor_hash bytea,
  check ((used_at is null) = (successor_hash is null))
);

create index refresh_tokens_by_end on identity.refresh_tokens (expires_at);

alter table identity.refresh_tokens enable row level security;
alter table identity.refresh_tokens force row level security;
create policy own on identity.refresh_tokens to ledger_api
  using (user_id = (select nullif(current_setting('app.user_id', true), '')))
  with check (user_id = (select nullif(current_setting('app.user_id', true), '')));
create policy look_up on identity.refresh_tokens for select to ledger_auth using (true);
create policy purge_sees on identity.refresh_tokens for select to ledger_worker using (expires_at < now() - interval '1 day');
create policy purge on identity.refresh_tokens for delete to ledger_worker using (expires_at < now() - interval '1 day');

grant select, insert, update on identity.refresh_tokens to ledger_api;
grant select (token_hash, user_id) on identity.refresh_tokens to ledger_auth;
grant select (expires_at), delete on identity.refresh_tokens to ledger_worker;
