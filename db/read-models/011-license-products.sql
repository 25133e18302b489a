-- The products of licenses, each with what lists are ordered by: a list of one product is a walk along an index, which a
-- condition on rm.licenses.products could not be under row-level security.
create table rm.license_products (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  product text not null,
  -- Of the license.
  created_at timestamptz not null,
  policy_id text not null,
  tier text not null,
  recorded_status text not null,
  expires_at timestamptz,
  ends_at timestamptz not null generated always as (coalesce(expires_at, 'infinity')) stored,
  other_holder_org_id text generated always as (case when holder_org_id <> issuer_org_id then holder_org_id end) stored,
  -- The license has the product no more.
  removed boolean not null,
  primary key (issuer_org_id, license_id, product)
);

create index license_products_by_issuer on rm.license_products (issuer_org_id, product, created_at, license_id)
  where not removed;
create index license_products_by_holder
  on rm.license_products (other_holder_org_id, product, created_at, license_id)
  where other_holder_org_id is not null and not removed;
create index license_products_by_both
  on rm.license_products (issuer_org_id, holder_org_id, product, created_at, license_id)
  where holder_org_id is not null and not removed;
create index license_products_by_tier_and_status
  on rm.license_products (issuer_org_id, product, tier, recorded_status, created_at, license_id) where not removed;
create index license_products_by_policy on rm.license_products (issuer_org_id, product, policy_id, created_at, license_id)
  where not removed;
create index license_products_by_holder_tier_and_status
  on rm.license_products (other_holder_org_id, product, tier, recorded_status, created_at, license_id)
  where other_holder_org_id is not null and not removed;
create index license_products_by_holder_and_policy
  on rm.license_products (other_holder_org_id, product, policy_id, created_at, license_id)
  where other_holder_org_id is not null and not removed;
create index license_products_by_end on rm.license_products (issuer_org_id, product, ends_at, license_id)
  where not removed;
create index license_products_by_holder_and_end
  on rm.license_products (other_holder_org_id, product, ends_at, license_id)
  where other_holder_org_id is not null and not removed;

alter table rm.license_products enable row level security;
alter table rm.license_products force row level security;
create policy tenant_reads on rm.license_products for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_products as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = license_products.license_id) end);
create policy projector on rm.license_products to ledger_projector using (true) with check (true);

grant select on rm.license_products to ledger_api;
grant select, insert, update, delete on rm.license_products to ledger_projector;
