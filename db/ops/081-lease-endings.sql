-- A process that is about to end a silent lease says so here first, with the last sign of life that it
-- knows: only where that is still the last one. A heartbeat that comes later then ends the lease itself instead of
-- being told that the seat is kept.
alter table ops.lease_liveness add column ending_seen_at timestamptz;

create policy sweep_claims on ops.lease_liveness for insert to ledger_worker with check (true);
create policy sweep_claims_again on ops.lease_liveness for update to ledger_worker using (true) with check (true);
grant select (ending_seen_at), insert (issuer_org_id, license_id, lease_id, last_seen_at, ending_seen_at), update (ending_seen_at)
  on ops.lease_liveness to ledger_worker;
