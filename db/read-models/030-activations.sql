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
  -- What administrators noted on it, in vault.
  metadata_ref text,
  -- When the device was last seen as its announced deactivation says, and from when it is deactivated; null: not announced.
  unseen_since timestamptz,
  deactivates_at timestamptz,
  deactivated_at timestamptz,
  cause text,
  check ((deactivated_at is null) = (cause is null))
);

-- Validation and lists ask for the open ones of a license; the closed ones are read as history, from its events.
create index activations_open on rm.activations (license_id, fingerprint_hash) where deactivated_at is null;
create index activations_open_by_time on rm.activations (license_id, activated_at, activation_id) where deactivated_at is null;
-- A search for a device. The hash differs between issuers.
create index activations_by_device on rm.activations (fingerprint_hash) where deactivated_at is null;

-- The worker erases the metadata of ended devices.
create index activations_ended_with_metadata on rm.activations (activation_id)
  where deactivated_at is not null and metadata_ref is not null;

-- GET /v1/activations: newest first, by fingerprint, or by platform, as issuer and as holder.
create index activations_of_issuer on rm.activations (issuer_org_id, activated_at, activation_id)
  where deactivated_at is null;
create index activations_of_issuer_by_platform on rm.activations (issuer_org_id, platform, activated_at, activation_id)
  where deactivated_at is null;
create index activations_of_holder on rm.activations (holder_org_id, activated_at, activation_id)
  where deactivated_at is null and holder_org_id is not null;
create index activations_of_holder_by_device on rm.activations (holder_org_id, issuer_org_id, fingerprint_hash)
  where deactivated_at is null and holder_org_id is not null;
create index activations_of_holder_by_platform on rm.activations (holder_org_id, platform, activated_at, activation_id)
  where deactivated_at is null and holder_org_id is not null;

alter table rm.activations enable row level security;
alter table rm.activations force row level security;
create policy tenant_reads on rm.activations for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.activations as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = activations.license_id) end);
create policy projector on rm.activations to ledger_projector using (true) with check (true);
-- The worker walks along the open ones for devices without a contact.
create policy sweep on rm.activations for select to ledger_worker using (true);

grant select on rm.activations to ledger_api;
grant select, insert, update, delete on rm.activations to ledger_projector;
grant select (issuer_org_id, license_id, activation_id, fingerprint_hash, activated_at, unseen_since, deactivates_at,
  deactivated_at, metadata_ref) on rm.activations to ledger_worker;
