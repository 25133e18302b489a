-- Who sits at a floating seat, as the application calls that person or machine: erasable and changeable, no event. The
-- issuer writes, issuer and holder read.
create table vault.seat_holders (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  lease_id text not null,
  name text not null,
  primary key (issuer_org_id, license_id, lease_id)
);

alter table vault.seat_holders enable row level security;
alter table vault.seat_holders force row level security;
create policy tenant_reads on vault.seat_holders for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_writes on vault.seat_holders to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, update, delete on vault.seat_holders to ledger_api;
