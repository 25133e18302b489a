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
  -- What references are searched by: a condition with lower() could not use an index under row-level security.
  external_ref_lower text collate "C" generated always as (lower(external_ref)) stored,
  suspension_reason text,
  suspended_since timestamptz,
  suspended_until timestamptz,
  revoked_at timestamptz,
  activations integer not null,
  key_version integer not null,
  key_hint text,
  created_at timestamptz not null,
  -- The calendar in which its durations are counted, by its IANA name.
  time_zone text not null,
  -- What else is folded that few licenses have: only what differs from a plain license is written.
  more jsonb not null default '{}',
  -- When the next command of the worker is due, as the license is now; null: none ever is.
  due_at timestamptz,
  -- The rule deactivateUnseenAfter of the policy, such as P90D, in days; null: the policy has none.
  unseen_days integer generated always as (substring(policy ->> 'deactivateUnseenAfter' from '^P([0-9]{1,3})D$')::integer) stored,
  check ((suspension_reason is null) = (suspended_since is null)),
  check (suspension_reason is not null or suspended_until is null)
)
-- Most updates touch no indexed column; room on the page keeps them off the indexes.
with (fillfactor = 85);

create index licenses_by_issuer on rm.licenses (issuer_org_id, created_at, license_id);
create index licenses_by_holder on rm.licenses (holder_org_id, created_at, license_id) where holder_org_id is not null;
create index licenses_by_external_ref on rm.licenses (issuer_org_id, external_ref) where external_ref is not null;
-- The filters of lists, each in the order of the list where that is possible.
create index licenses_by_tier on rm.licenses (issuer_org_id, tier, created_at, license_id);
create index licenses_by_issuer_and_holder on rm.licenses (issuer_org_id, holder_org_id, created_at, license_id)
  where holder_org_id is not null;
create index licenses_by_expiry on rm.licenses (issuer_org_id, expires_at, license_id) where expires_at is not null;
create index licenses_by_reference_prefix on rm.licenses (issuer_org_id, external_ref_lower, license_id)
  where external_ref_lower is not null;
-- The last group of a key, which support staff gets from customers.
create index licenses_by_key_hint on rm.licenses (issuer_org_id, key_hint, created_at, license_id)
  where key_hint is not null;
create index licenses_by_holder_and_key_hint on rm.licenses (holder_org_id, key_hint, created_at, license_id)
  where holder_org_id is not null and key_hint is not null;
create index licenses_revoked on rm.licenses (issuer_org_id, created_at, license_id) where revoked_at is not null;
create index licenses_suspended on rm.licenses (issuer_org_id, created_at, license_id)
  where suspension_reason is not null or more ? 'scheduled';
-- The licenses whose devices the worker looks through for those without a contact.
create index licenses_with_unseen_rule on rm.licenses (license_id) where unseen_days is not null;
create index licenses_due on rm.licenses (due_at, license_id) where due_at is not null;

alter table rm.licenses enable row level security;
alter table rm.licenses force row level security;
create policy tenant_reads on rm.licenses for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.licenses as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else products <@ (select string_to_array(current_setting('app.products', true), ',')) end);
create policy projector on rm.licenses to ledger_projector using (true) with check (true);
create policy sweep on rm.licenses for select to ledger_worker using (true);

grant select on rm.licenses to ledger_api;
grant select, insert, update, delete on rm.licenses to ledger_projector;
grant select (issuer_org_id, license_id, revision, due_at, unseen_days, suspension_reason, suspended_until, revoked_at)
  on rm.licenses to ledger_worker;
