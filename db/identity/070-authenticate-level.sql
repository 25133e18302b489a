-- As in 060-access-changes.sql, but what the read models say of a credential is read only where they may be read: a key
-- or membership that they do not contain yet is refused with "not yet", never with "unknown".
create or replace function identity.authenticate(wanted text)
returns table (
  api_key_id text, org_id text, hash bytea, secret_id text, scopes text[], revoked boolean, closed boolean, expires_ms bigint,
  is_behind boolean, behind_at bigint
)
language plpgsql volatile security invoker rows 1
set search_path = ''
as $$
begin
  select k.api_key_id, k.org_id, k.hash, k.secret_id, k.revoked_at is not null
    into api_key_id, org_id, hash, secret_id, revoked
    from identity.api_key_by_lookup(wanted) k;
  if not found then return; end if;

  perform ops.require_read_models();
  perform set_config('app.org_id', org_id, true);
  select b.is_behind, b.behind_at into is_behind, behind_at from identity.access_behind(org_id) b;
  is_behind := coalesce(is_behind, true);
  if not is_behind then
    select k.scopes, authenticate.revoked or k.revoked_at is not null, (date_part('epoch', k.expires_at) * 1000)::bigint
      into scopes, revoked, expires_ms
      from rm.api_keys k where k.api_key_id = authenticate.api_key_id;
    closed := coalesce((select o.closed_at is not null from rm.organizations o where o.organization_id = org_id), false);
  end if;
  perform set_config('app.org_id', '', true);
  return next;
end
$$;

create or replace function identity.authenticate_user(wanted_user text, wanted_session text, wanted_organization text)
returns table (not_before_ms bigint, role text, is_behind boolean, behind_at bigint)
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

  is_behind := false;
  if wanted_organization is not null then
    perform ops.require_read_models();
    perform set_config('app.org_id', wanted_organization, true);
    select b.is_behind, b.behind_at into is_behind, behind_at from identity.access_behind(wanted_organization) b;
    is_behind := coalesce(is_behind, true);
    if not is_behind then
      select m.role into role
        from rm.memberships m join rm.organizations o on o.organization_id = m.issuer_org_id
        where m.issuer_org_id = wanted_organization and m.user_id = wanted_user
          and m.removed_at is null and o.closed_at is null;
    end if;
    perform set_config('app.org_id', '', true);
  end if;
  return next;
end
$$;
