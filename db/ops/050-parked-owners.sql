-- Whose events a parked stream leaves out: for each issuer and holder of a license, the commit position of the first one.
-- Reading the events of an organization in log order stops before it, because a replay brings them in there afterwards.
create table ops.parked_owners (
  projection text not null,
  version integer not null,
  stream text not null,
  issuer_org_id text not null,
  -- Who held the license when the events were recorded: a license may change hands while its stream is parked.
  holder_org_id text,
  position bigint not null,
  unique nulls not distinct (issuer_org_id, projection, version, stream, holder_org_id)
);

create index parked_owners_by_holder on ops.parked_owners (holder_org_id) where holder_org_id is not null;

alter table ops.parked_owners enable row level security;
alter table ops.parked_owners force row level security;
create policy tenant_reads on ops.parked_owners for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on ops.parked_owners to ledger_projector using (true) with check (true);

grant select on ops.parked_owners to ledger_api;
grant select, insert, update, delete on ops.parked_owners to ledger_projector;
