-- One round trip from the visible part of an API key to everything a request is decided on. Scopes are read as the key's
-- own organization, under row-level security; null while the key is not projected yet. What puts a key out of force: it was
-- revoked (by an event, or in identity at once), its organization closed, or the clock at expires_ms, milliseconds since
-- 1970, which the caller compares with its own. The setting ends with the call.
create function identity.authenticate(wanted text)
returns table (
  api_key_id text, org_id text, hash bytea, secret_id text, scopes text[], revoked boolean, closed boolean, expires_ms bigint
)
language plpgsql volatile security invoker rows 1
set search_path = ''
as $$
begin
  select k.api_key_id, k.org_id, k.hash, k.secret_id, k.revoked_at is not null
    into api_key_id, org_id, hash, secret_id, revoked
    from identity.api_key_by_lookup(wanted) k;
  if not found then return; end if;

  perform set_config('app.org_id', org_id, true);
  select k.scopes, authenticate.revoked or k.revoked_at is not null, (date_part('epoch', k.expires_at) * 1000)::bigint
    into scopes, revoked, expires_ms
    from rm.api_keys k where k.api_key_id = authenticate.api_key_id;
  closed := coalesce((select o.closed_at is not null from rm.organizations o where o.organization_id = org_id), false);
  perform set_config('app.org_id', '', true);
  return next;
end
$$;

grant execute on function identity.authenticate(text) to ledger_api;
