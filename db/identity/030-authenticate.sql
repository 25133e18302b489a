-- One round trip from the visible part of an API key to everything a request is decided on. Scopes are read as the key's
-- own organization, under row-level security; null while the key is not projected yet. The setting ends with the call.
create function identity.authenticate(wanted text)
returns table (api_key_id text, org_id text, hash bytea, secret_id text, scopes text[], revoked boolean)
language plpgsql volatile security invoker rows 1
set search_path = ''
as $$
begin
  select k.api_key_id, k.org_id, k.hash, k.secret_id, k.revoked_at is not null
    into api_key_id, org_id, hash, secret_id, revoked
    from identity.api_key_by_lookup(wanted) k;
  if not found then return; end if;

  perform set_config('app.org_id', org_id, true);
  scopes := (select k.scopes from rm.api_keys k where k.api_key_id = authenticate.api_key_id);
  perform set_config('app.org_id', '', true);
  return next;
end
$$;

grant execute on function identity.authenticate(text) to ledger_api;
