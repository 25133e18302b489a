-- When a license that has to check in was last validated, to a minute or so. Telemetry like heartbeats: no event, not rebuilt.
-- Without its row a license counts as checked in when its term began.
create table ops.license_check_ins (
  issuer_org_id text not null,
  license_id text not null,
  checked_in_at timestamptz not null,
  primary key (issuer_org_id, license_id)
)
with (fillfactor = 50);

alter table ops.license_check_ins enable row level security;
alter table ops.license_check_ins force row level security;
create policy tenant on ops.license_check_ins to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, update on ops.license_check_ins to ledger_api;
