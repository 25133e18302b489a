-- Where in the log each organization last took something away from its members or API keys: a role, a membership, scopes,
-- or all of it by closing. What the read models say of it counts for nothing before they contain that position.
create table identity.access_changes (
  issuer_org_id text primary key,
  -- A commit position.
  position bigint not null
);

alter table identity.access_changes enable row level security;
alter table identity.access_changes force row level security;
create policy tenant on identity.access_changes to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
grant select, insert, update on identity.access_changes to ledger_api;

-- Whether a version of the read models leaves events of an organization out: a door to the projector's bookkeeping.
grant usage on schema ops to ledger_auth;
grant select on ops.parked to ledger_auth;
grant create on schema identity to ledger_auth;
set local role ledger_auth;

create function identity.is_parked(organization text, wanted_projection text, wanted_version integer) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (select from ops.parked p
    where (p.projection, p.version, p.stream) = (wanted_projection, wanted_version, 'organization-' || organization))
$$;

grant execute on function identity.is_parked(text, text, integer) to ledger_api;
set local role ledger_owner;
revoke create on schema identity from ledger_auth;

-- Whether the read models may say more of an organization's members and API keys than is true any more; and up to which
-- position they lack it, null where that does not tell. As that organization. To be asked before they are read.
create function identity.access_behind(organization text)
returns table (is_behind boolean, behind_at bigint)
language sql stable security invoker rows 1
set search_path = ''
as $$
  select a.position is not null or identity.is_parked(organization, v.projection, v.version), a.position
  from ops.projection_versions v
    left join ops.checkpoints k on (k.projection, k.version) = (v.projection, v.version)
    left join identity.access_changes a on a.issuer_org_id = organization
      and (k.commit_position is null or k.commit_position < a.position)
  where v.projection = 'read-models' and v.state = 'active'
$$;

grant execute on function identity.access_behind(text) to ledger_api;

-- As before, but that scopes are null where the read models are behind.
drop function identity.authenticate(text);
create function identity.authenticate(wanted text)
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

grant execute on function identity.authenticate(text) to ledger_api;

-- As before, but that the role is null where the read models are behind.
drop function identity.authenticate_user(text, text, text);
create function identity.authenticate_user(wanted_user text, wanted_session text, wanted_organization text)
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

grant execute on function identity.authenticate_user(text, text, text) to ledger_api;
