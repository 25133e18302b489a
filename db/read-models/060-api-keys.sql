-- What an organization sees of its API keys: never the secret, nor its hash.
create table rm.api_keys (
  api_key_id text primary key,
  issuer_org_id text not null,
  revision bigint not null,
  name text not null,
  scopes text[] not null,
  -- The codes of the only products that the key reaches. Null: all.
  products text[],
  hint text not null,
  created_at timestamptz not null,
  -- A key is in force until one of them: it expires, it was revoked. Null: not (yet).
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The current secret in identity.api_key_secrets. Null: that of the creation, in identity.api_keys.
  secret_ref text,
  -- The secret before the last rotation, which works until overlap_until; null: it does not work. A null reference with an
  -- overlap: the secret of the creation.
  previous_hint text,
  previous_secret_ref text,
  overlap_until timestamptz,
  -- The user or API key that created it. Null: the program.
  created_by text
);

create index api_keys_by_organization on rm.api_keys (issuer_org_id, created_at, api_key_id);

alter table rm.api_keys enable row level security;
alter table rm.api_keys force row level security;
create policy tenant_reads on rm.api_keys for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.api_keys as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else products <@ (select string_to_array(current_setting('app.products', true), ',')) end);
create policy projector on rm.api_keys to ledger_projector using (true) with check (true);

grant select on rm.api_keys to ledger_api;
grant select, insert, update, delete on rm.api_keys to ledger_projector;

-- Rights end with these changes; see db/ops/110-access-notices.sql.
create trigger notice_change after update on rm.api_keys
  for each row when ((old.scopes, old.products, old.expires_at, old.revoked_at, old.secret_ref, old.overlap_until) is distinct from
    (new.scopes, new.products, new.expires_at, new.revoked_at, new.secret_ref, new.overlap_until))
  execute function ops.notice_access_change('issuer_org_id');
create trigger notice_removal after delete on rm.api_keys
  for each row execute function ops.notice_access_change('issuer_org_id');
