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
  policy_id text generated always as (policy ->> 'policyId') stored,
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
  -- The status after the recorded events, right from recorded_from (null: always) until recorded_until (exclusive; null:
  -- for ever). At other instants the status follows from the facets.
  recorded_status text not null,
  recorded_from timestamptz,
  recorded_until timestamptz,
  -- What lists are ordered by: a license without an end comes last.
  ends_at timestamptz not null generated always as (coalesce(expires_at, 'infinity')) stored,
  -- The holder, unless it is the issuer: a list has each license on one side only.
  other_holder_org_id text generated always as (case when holder_org_id <> issuer_org_id then holder_org_id end) stored,
  -- The term is near its end from here on: the first reminder of the policy. Null: it has none in the term.
  near_end_from timestamptz,
  -- When the next command of the worker is due, as the license is now; null: none ever is.
  due_at timestamptz,
  -- The rule deactivateUnseenAfter of the policy, such as P90D, in days; null: the policy has none.
  unseen_days integer generated always as (substring(policy ->> 'deactivateUnseenAfter' from '^P([0-9]{1,3})D$')::integer) stored,
  check ((suspension_reason is null) = (suspended_since is null)),
  check (suspension_reason is not null or suspended_until is null)
)
-- Most updates touch no indexed column; room on the page keeps them off the indexes.
with (fillfactor = 85);

-- src/projections/queries/lists/license-sides.ts walks along these, for an issuer, for a holder, or for both. Each serves a filter
-- that many licenses pass, or several of them, in the order of the list. A list that filters by a part of tier and status
-- walks for each value of the other part, so that one index serves both and either.
create index licenses_by_issuer on rm.licenses (issuer_org_id, created_at, license_id);
create index licenses_by_tier_and_status on rm.licenses (issuer_org_id, tier, recorded_status, created_at, license_id);
create index licenses_by_policy on rm.licenses (issuer_org_id, policy_id, tier, recorded_status, created_at, license_id);
create index licenses_by_holder on rm.licenses (other_holder_org_id, created_at, license_id)
  where other_holder_org_id is not null;
create index licenses_by_holder_tier_and_status
  on rm.licenses (other_holder_org_id, tier, recorded_status, created_at, license_id)
  where other_holder_org_id is not null;
create index licenses_by_holder_and_policy
  on rm.licenses (other_holder_org_id, policy_id, tier, recorded_status, created_at, license_id)
  where other_holder_org_id is not null;
create index licenses_by_issuer_and_holder on rm.licenses (issuer_org_id, holder_org_id, created_at, license_id)
  where holder_org_id is not null;
create index licenses_by_both_tier_and_status
  on rm.licenses (issuer_org_id, holder_org_id, tier, recorded_status, created_at, license_id)
  where holder_org_id is not null;
create index licenses_by_both_and_policy on rm.licenses (issuer_org_id, holder_org_id, policy_id, created_at, license_id)
  where holder_org_id is not null;
-- In the order of the ends of terms. With near_end_from a list of the licenses near their end passes others unread.
create index licenses_by_end on rm.licenses (issuer_org_id, ends_at, license_id);
create index licenses_by_tier_and_end on rm.licenses (issuer_org_id, tier, ends_at, license_id, near_end_from);
create index licenses_by_status_and_end
  on rm.licenses (issuer_org_id, recorded_status, ends_at, license_id, near_end_from);
create index licenses_by_policy_and_end
  on rm.licenses (issuer_org_id, policy_id, ends_at, license_id, near_end_from);
create index licenses_by_holder_and_end on rm.licenses (other_holder_org_id, ends_at, license_id)
  where other_holder_org_id is not null;
create index licenses_by_holder_tier_and_end
  on rm.licenses (other_holder_org_id, tier, ends_at, license_id, near_end_from)
  where other_holder_org_id is not null;
create index licenses_by_holder_status_and_end
  on rm.licenses (other_holder_org_id, recorded_status, ends_at, license_id, near_end_from)
  where other_holder_org_id is not null;
create index licenses_by_holder_policy_and_end
  on rm.licenses (other_holder_org_id, policy_id, ends_at, license_id, near_end_from)
  where other_holder_org_id is not null;
create index licenses_by_both_and_end on rm.licenses (issuer_org_id, holder_org_id, ends_at, license_id, near_end_from)
  where holder_org_id is not null;
-- The few licenses with another status than the recorded one: the worker records it soon.
create index licenses_changing on rm.licenses (issuer_org_id, recorded_until) where recorded_until is not null;
create index licenses_changing_of_holder on rm.licenses (other_holder_org_id, recorded_until)
  where other_holder_org_id is not null and recorded_until is not null;
create index licenses_not_yet on rm.licenses (issuer_org_id, recorded_from) where recorded_from is not null;
create index licenses_not_yet_of_holder on rm.licenses (other_holder_org_id, recorded_from)
  where other_holder_org_id is not null and recorded_from is not null;
create index licenses_by_external_ref on rm.licenses (issuer_org_id, external_ref, created_at, license_id)
  where external_ref is not null;
create index licenses_by_holder_and_external_ref
  on rm.licenses (other_holder_org_id, external_ref, created_at, license_id)
  where other_holder_org_id is not null and external_ref is not null;
create index licenses_by_reference_prefix on rm.licenses (issuer_org_id, external_ref_lower, license_id)
  where external_ref_lower is not null;
create index licenses_by_holder_and_reference_prefix
  on rm.licenses (other_holder_org_id, external_ref_lower, license_id)
  where other_holder_org_id is not null and external_ref_lower is not null;
-- The last group of a key, which support staff gets from customers.
create index licenses_by_key_hint on rm.licenses (issuer_org_id, key_hint, created_at, license_id)
  where key_hint is not null;
create index licenses_by_holder_and_key_hint on rm.licenses (other_holder_org_id, key_hint, created_at, license_id)
  where other_holder_org_id is not null and key_hint is not null;
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
