-- Every version of every policy: what licenses pin, and what they get where their issuer asks for nothing else.
create table rm.policies (
  issuer_org_id text not null,
  policy_id text not null,
  version integer not null,
  name text not null,
  -- What names are found by: a condition with lower() could not use an index under row-level security.
  name_lower text collate "C" not null generated always as (lower(name)) stored,
  tier text not null,
  type text not null,
  -- The policy as a license pins it.
  policy jsonb not null,
  products text[] not null,
  term jsonb not null,
  limits jsonb not null,
  entitlements jsonb not null,
  -- Of this version.
  created_at timestamptz not null,
  -- Of version 1, on all versions: where the policy stands in a list, whatever versions follow.
  policy_created_at timestamptz not null,
  -- The latest version, which new licenses get.
  current boolean not null,
  -- Of the policy, on all its versions. Null: in use.
  archived_at timestamptz,
  primary key (issuer_org_id, policy_id, version)
);

create index policies_by_time on rm.policies (issuer_org_id, policy_created_at, policy_id) where current;
create index policies_in_use on rm.policies (issuer_org_id, policy_created_at, policy_id)
  where current and archived_at is null;
create index policies_archived on rm.policies (issuer_org_id, policy_created_at, policy_id)
  where current and archived_at is not null;
create index policies_by_tier on rm.policies (issuer_org_id, tier, policy_created_at, policy_id) where current;
create index policies_by_name on rm.policies (issuer_org_id, name_lower, policy_id) where current;

alter table rm.policies enable row level security;
alter table rm.policies force row level security;
create policy tenant_reads on rm.policies for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.policies as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else products <@ (select string_to_array(current_setting('app.products', true), ',')) end);
create policy projector on rm.policies to ledger_projector using (true) with check (true);

grant select on rm.policies to ledger_api;
grant select, insert, update, delete on rm.policies to ledger_projector;
