-- Which license a key's hash belongs to. No role of the API reads it, but for rm.license_by_key.
create table rm.license_keys (
  issuer_org_id text not null,
  license_id text not null,
  key_version integer not null,
  -- HMAC-SHA-256 of the key's body, made with the secret secret_id.
  key_hash bytea not null unique,
  secret_id text not null,
  hint text not null,
  primary key (issuer_org_id, license_id, key_version)
);

alter table rm.license_keys enable row level security;
alter table rm.license_keys force row level security;
create policy projector on rm.license_keys to ledger_projector using (true) with check (true);
create policy look_up on rm.license_keys for select to ledger_auth using (true);

grant select, insert, update, delete on rm.license_keys to ledger_projector;
grant select on rm.license_keys to ledger_auth;
