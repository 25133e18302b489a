-- One row per activation, open or closed.
create table rm.activations (
  activation_id text primary key,
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  fingerprint_hash bytea not null,
  -- Hashes of the device's parts, by name; empty: none were given.
  components jsonb not null,
  product text,
  user_ref text,
  environment text,
  name_ref text,
  platform text,
  app_version text,
  -- It was above the limit, as the policy allowed.
  overage boolean not null,
  -- Of the event that made the row: the order in which the oldest are ended.
  revision bigint not null,
  activated_at timestamptz not null,
  deactivated_at timestamptz,
  cause text,
  check ((deactivated_at is null) = (cause is null))
);

-- Validation and lists ask for the open ones of a license; the closed ones are read as history, from its events.
create index activations_open on rm.activations (license_id, fingerprint_hash) where deactivated_at is null;
create index activations_open_by_time on rm.activations (license_id, activated_at, activation_id) where deactivated_at is null;
-- A search for a device. The hash differs between issuers.
create index activations_by_device on rm.activations (fingerprint_hash) where deactivated_at is null;

alter table rm.activations enable row level security;
alter table rm.activations force row level security;
create policy tenant_reads on rm.activations for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy projector on rm.activations to ledger_projector using (true) with check (true);

grant select on rm.activations to ledger_api;
grant select, insert, update, delete on rm.activations to ledger_projector;
