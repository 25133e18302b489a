-- The hashes of secrets that a rotation gave to an API key. The hash of the first secret is in identity.api_keys. The events, and
-- rm.api_keys after them, say which secrets work. So a row here works for nobody before its event.
create table identity.api_key_secrets (
  secret_ref text primary key,
  api_key_id text not null,
  -- The eight visible characters of the secret.
  lookup_id text not null unique,
  issuer_org_id text not null,
  -- HMAC-SHA-256 of the secret, made with the secret secret_id.
  hash bytea not null,
  secret_id text not null,
  created_at timestamptz not null default now()
);

create index api_key_secrets_by_organization on identity.api_key_secrets (issuer_org_id, api_key_id);

alter table identity.api_key_secrets enable row level security;
alter table identity.api_key_secrets force row level security;
create policy tenant_reads on identity.api_key_secrets for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy tenant_adds on identity.api_key_secrets for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy tenant_removes on identity.api_key_secrets for delete to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy look_up on identity.api_key_secrets for select to ledger_auth using (true);

-- Hashes are read through identity.api_key_secret_by_lookup only.
grant select (secret_ref, api_key_id, lookup_id, issuer_org_id, created_at) on identity.api_key_secrets to ledger_api;
grant insert, delete on identity.api_key_secrets to ledger_api;
grant select on identity.api_key_secrets to ledger_auth;

grant create on schema identity to ledger_auth;
set local role ledger_auth;

-- Finds a secret, current or not, before its organization is known. secret_ref null: the secret of the creation.
create function identity.api_key_secret_by_lookup(wanted text)
returns table (api_key_id text, org_id text, hash bytea, secret_id text, revoked_at timestamptz, secret_ref text)
language sql stable security definer rows 1
set search_path = ''
as $$
  select k.api_key_id, k.issuer_org_id, k.hash, k.secret_id, k.revoked_at, null
  from identity.api_keys k
  where k.lookup_id = wanted
  union all
  select k.api_key_id, k.issuer_org_id, s.hash, s.secret_id, k.revoked_at, s.secret_ref
  from identity.api_key_secrets s join identity.api_keys k on k.api_key_id = s.api_key_id
  where s.lookup_id = wanted
$$;

grant execute on function identity.api_key_secret_by_lookup(text) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;

-- As identity.authenticate, which processes of earlier builds use, but that a secret works only while the events say so: the
-- current one, and the one before it until the overlap ends. expires_ms is the earlier end of the key and its secret.
create function identity.authenticate_secret(wanted text)
returns table (
  api_key_id text, org_id text, hash bytea, secret_id text, scopes text[], products text[], revoked boolean, closed boolean,
  expires_ms bigint, is_behind boolean, behind_at bigint
)
language plpgsql volatile security invoker rows 1
set search_path = ''
as $$
declare
  presented_ref text;
begin
  select k.api_key_id, k.org_id, k.hash, k.secret_id, k.revoked_at is not null, k.secret_ref
    into api_key_id, org_id, hash, secret_id, revoked, presented_ref
    from identity.api_key_secret_by_lookup(wanted) k;
  if not found then return; end if;

  perform ops.require_read_models();
  perform set_config('app.org_id', org_id, true);
  select b.is_behind, b.behind_at into is_behind, behind_at from identity.access_behind(org_id) b;
  is_behind := coalesce(is_behind, true);
  if not is_behind then
    select k.scopes, k.products, authenticate_secret.revoked or k.revoked_at is not null or not (is_current or is_previous),
        (date_part('epoch', least(k.expires_at, case when not is_current then k.overlap_until end)) * 1000)::bigint
      into scopes, products, revoked, expires_ms
      from rm.api_keys k,
        lateral (select
          k.secret_ref is not distinct from presented_ref as is_current,
          k.overlap_until is not null and k.previous_secret_ref is not distinct from presented_ref as is_previous
        ) secret
      where k.api_key_id = authenticate_secret.api_key_id;
    closed := coalesce((select o.closed_at is not null from rm.organizations o where o.organization_id = org_id), false);
  end if;
  perform set_config('app.org_id', '', true);
  return next;
end
$$;

grant execute on function identity.authenticate_secret(text) to ledger_api;
