-- One row per license: its folded stream. Status is not stored: it follows from these facets and the clock.
create table rm.licenses (
  license_id text primary key,
  issuer_org_id text not null,
  holder_org_id text,
  -- Revision and position of the last event folded into the row.
  revision bigint not null,
  position bigint not null,
  owner_user_ref text,
  policy jsonb not null,
  tier text not null,
  products text[] not null,
  term_number integer not null,
  -- Null: the term waits for the first activation or validation.
  starts_at timestamptz,
  expires_at timestamptz,
  announced_term integer not null,
  limits jsonb not null,
  entitlements jsonb not null,
  external_ref text,
  suspension_reason text,
  suspended_since timestamptz,
  suspended_until timestamptz,
  revoked_at timestamptz,
  activations integer not null,
  key_version integer not null,
  key_hint text,
  created_at timestamptz not null,
  -- What else is folded that few licenses have: only what differs from a plain license is written.
  more jsonb not null default '{}',
  check ((suspension_reason is null) = (suspended_since is null)),
  check (suspension_reason is not null or suspended_until is null)
)
-- Most updates touch no indexed column; room on the page keeps them off the indexes.
with (fillfactor = 85);

create index licenses_by_issuer on rm.licenses (issuer_org_id, created_at, license_id);
create index licenses_by_holder on rm.licenses (holder_org_id, created_at, license_id) where holder_org_id is not null;
create index licenses_by_external_ref on rm.licenses (issuer_org_id, external_ref) where external_ref is not null;
create index licenses_due on rm.licenses (expires_at, license_id) where announced_term < term_number and revoked_at is null;

alter table rm.licenses enable row level security;
alter table rm.licenses force row level security;
create policy tenant_reads on rm.licenses for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on rm.licenses to ledger_projector using (true) with check (true);
create policy sweep on rm.licenses for select to ledger_worker using (true);

grant select on rm.licenses to ledger_api;
grant select, insert, update, delete on rm.licenses to ledger_projector;
grant select (license_id, issuer_org_id, term_number, expires_at, announced_term, revoked_at) on rm.licenses to ledger_worker;
