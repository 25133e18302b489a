-- Which organizations a user belongs to, before one of them is chosen: a door around row-level security of rm.memberships
-- and rm.organizations. In the order of joining; closed ones too. plpgsql, because what an SQL function names must be there
-- when it is made, and these are the serving tables.
create index memberships_by_user on rm.memberships (user_id, joined_at) where removed_at is null;
create policy look_up on rm.memberships for select to ledger_auth using (true);
create policy look_up on rm.organizations for select to ledger_auth using (true);
grant select (issuer_org_id, user_id, role, joined_at, removed_at) on rm.memberships to ledger_auth;
grant select (organization_id, name, time_zone, created_at, closed_at) on rm.organizations to ledger_auth;

grant create on schema rm to ledger_auth;
set local role ledger_auth;

-- The first `entries` (null: all) after the place of one that was joined at `after_joined`.
create function rm.organizations_of_user(wanted text, after_joined timestamptz, after_id text, entries integer)
returns table (
  organization_id text, name text, time_zone text, created_at timestamptz, closed_at timestamptz, role text, joined_at timestamptz
)
language plpgsql stable security definer
set search_path = ''
as $$
declare
  own oid;
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  return query
    select o.organization_id, o.name, o.time_zone, o.created_at, o.closed_at, m.role, m.joined_at
    from rm.memberships m join rm.organizations o on o.organization_id = m.issuer_org_id
    where m.user_id = wanted and m.removed_at is null
      and (after_joined is null or (m.joined_at, m.issuer_org_id) > (after_joined, after_id))
    order by m.joined_at, m.issuer_org_id
    limit entries;
end
$$;

grant execute on function rm.organizations_of_user(text, timestamptz, text, integer) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
