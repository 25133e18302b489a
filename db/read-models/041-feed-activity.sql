-- Which organizations got events after a position: a door around row-level security of rm.license_events for the one
-- reader of a process that wakes event streams. It returns ids of organizations and positions, and nothing of an event.
-- Each stream then reads its events as its own organization.
create policy feed_activity on rm.license_events for select to ledger_auth using (true);
grant select (position, issuer_org_id, holder_org_id, previous_holder_org_id) on rm.license_events to ledger_auth;

grant create on schema rm to ledger_auth;
set local role ledger_auth;

-- serving: the version of the read models. reached: its position, -1 when it is empty, null when it is of another log.
-- is_cut: there are events_max events or more, and organizations has only those of the first ones.
-- parked: each organization with a parked event, and the position of the first one.
create function rm.feed_activity(after bigint, events_max integer,
  out serving integer, out reached bigint, out is_cut boolean, out organizations text[], out parked text[])
language plpgsql stable security definer
set search_path = ''
as $$
begin
  select v.version, case when not v.is_of_other_log then coalesce(c.commit_position, -1) end into serving, reached
    from ops.projection_versions v join ops.checkpoints c using (projection, version)
    where v.projection = 'read-models' and v.state = 'active';
  with recent as (
    select e.issuer_org_id, e.holder_org_id, e.previous_holder_org_id from rm.license_events e
      where e.position + 0 > after and e.position + 0 <= reached order by e.position + 0 limit events_max
  )
  select count(*) >= events_max, array(
      select distinct o.id from recent r
        cross join lateral (values (r.issuer_org_id), (r.holder_org_id), (r.previous_holder_org_id)) o(id)
        where o.id is not null)
    into is_cut, organizations from recent;
  parked := array(
    select o.id || ' ' || min(p.position) from ops.parked_owners p
      cross join lateral (values (p.issuer_org_id), (p.holder_org_id)) o(id)
      where p.projection = 'read-models' and p.version = serving and o.id is not null group by o.id);
end
$$;

grant execute on function rm.feed_activity(bigint, integer) to ledger_api;
set local role ledger_owner;
revoke create on schema rm from ledger_auth;
