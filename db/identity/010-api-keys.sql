-- Credentials of machines. Name, scopes and hint are events and in rm.api_keys; the hash is here only.
create table identity.api_keys (
  api_key_id text primary key,
  -- The eight visible characters of the key.
  lookup_id text not null unique,
  issuer_org_id text not null,
  -- HMAC-SHA-256 of the key, made with the secret secret_id.
  hash bytea not null,
  secret_id text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  last_used_at timestamptz
);

create index api_keys_by_organization on identity.api_keys (issuer_org_id, api_key_id);

alter table identity.api_keys enable row level security;
alter table identity.api_keys force row level security;
create policy tenant_reads on identity.api_keys for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy tenant_adds on identity.api_keys for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy look_up on identity.api_keys for select to ledger_auth using (true);

-- Hashes are read through identity.api_key_by_lookup only.
grant select (api_key_id, lookup_id, issuer_org_id, created_at, revoked_at, last_used_at) on identity.api_keys to ledger_api;
grant insert on identity.api_keys to ledger_api;
grant select on identity.api_keys to ledger_auth;
