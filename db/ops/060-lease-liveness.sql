-- When a floating seat's holder was last heard of. Heartbeats are no events and this is not rebuilt: without its row a lease
-- is held until the end it was acquired with, never longer. Few columns, none of them indexed beside the key: a heartbeat
-- is an update in place.
create table ops.lease_liveness (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  lease_id text not null,
  last_seen_at timestamptz not null,
  primary key (issuer_org_id, license_id, lease_id)
)
with (fillfactor = 50);

alter table ops.lease_liveness enable row level security;
alter table ops.lease_liveness force row level security;
create policy tenant_reads on ops.lease_liveness for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_hears on ops.lease_liveness for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_hears_again on ops.lease_liveness for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- The worker asks who is overdue, and removes what leases that ended left behind.
create policy sweep on ops.lease_liveness for select to ledger_worker using (true);
create policy purge on ops.lease_liveness for delete to ledger_worker using (true);

grant select, insert, update on ops.lease_liveness to ledger_api;
grant select (issuer_org_id, license_id, lease_id, last_seen_at), delete on ops.lease_liveness to ledger_worker;
