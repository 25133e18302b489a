-- When a key was last used, to the minute: noted apart from the request, and at most once a minute for a key. The
-- policy of such changes is in 040-api-key-changes.sql.
grant update (last_used_at) on identity.api_keys to ledger_api;

-- The setting ends with the call.
create function identity.note_api_key_use(used_key text, of_organization text, used_at timestamptz) returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  perform set_config('app.org_id', of_organization, true);
  update identity.api_keys k set last_used_at = used_at
    where k.api_key_id = used_key and (k.last_used_at is null or k.last_used_at <= used_at - interval '1 minute');
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function identity.note_api_key_use(text, text, timestamptz) to ledger_api;
