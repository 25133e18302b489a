-- Licenses that a sweep could not change: the policy refuses what is due, or the stream is damaged. They are left alone
-- until their row has another revision or another of their commands falls due, or else for longer each time. Losing the
-- table costs a few tries.
create table ops.sweep_pauses (
  issuer_org_id text not null,
  license_id text not null,
  -- Of the license's row when it was tried.
  revision bigint not null,
  tries int not null,
  until timestamptz not null,
  primary key (issuer_org_id, license_id)
);

alter table ops.sweep_pauses enable row level security;
alter table ops.sweep_pauses force row level security;
create policy sweep on ops.sweep_pauses to ledger_worker using (true) with check (true);

grant select (issuer_org_id, license_id, revision, tries, until), insert, update, delete on ops.sweep_pauses to ledger_worker;
