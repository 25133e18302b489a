-- The one reader of a process that wakes event streams learns here when an organization's feed no longer stops before a
-- parked event. It reads through rm.feed_activity.
create policy feed_activity on ops.parked_owners for select to ledger_auth using (true);
grant select (projection, version, issuer_org_id, holder_org_id, position) on ops.parked_owners to ledger_auth;
