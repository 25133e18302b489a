-- One round trip from the claims of an access token to everything a request is decided on. No row: the user is not active,
-- or the session is over. The role is read as the organization that the token names, under row-level security; null when it
-- names none, the user is not a member (any more), or the organization was closed. The settings end with the call.
create function identity.authenticate_user(wanted_user text, wanted_session text, wanted_organization text)
returns table (not_before_ms bigint, role text)
language plpgsql volatile security invoker rows 1
set search_path = ''
as $$
declare
  let_in boolean;
begin
  perform set_config('app.user_id', wanted_user, true);
  select (date_part('epoch', u.sessions_not_before) * 1000)::bigint into not_before_ms
    from identity.users u join identity.sessions s on s.user_id = u.user_id
    where u.user_id = wanted_user and u.state = 'active' and s.session_id = wanted_session and s.revoked_at is null;
  let_in := found;
  perform set_config('app.user_id', '', true);
  if not let_in then return; end if;

  if wanted_organization is not null then
    perform set_config('app.org_id', wanted_organization, true);
    select m.role into role
      from rm.memberships m join rm.organizations o on o.organization_id = m.issuer_org_id
      where m.issuer_org_id = wanted_organization and m.user_id = wanted_user
        and m.removed_at is null and o.closed_at is null;
    perform set_config('app.org_id', '', true);
  end if;
  return next;
end
$$;

grant execute on function identity.authenticate_user(text, text, text) to ledger_api;
