-- What an issuer sells, and what it sold.
create table rm.products (
  issuer_org_id text not null,
  product_id text not null,
  -- What licenses and requests name the product by, for ever.
  code text not null,
  name text not null,
  -- What names are found by: a condition with lower() could not use an index under row-level security.
  name_lower text collate "C" not null generated always as (lower(name)) stored,
  description text,
  created_at timestamptz not null,
  -- Null: on sale.
  archived_at timestamptz,
  primary key (issuer_org_id, product_id)
);

create index products_by_code on rm.products (issuer_org_id, code);
create index products_by_time on rm.products (issuer_org_id, created_at, product_id);
create index products_on_sale on rm.products (issuer_org_id, created_at, product_id) where archived_at is null;
create index products_archived on rm.products (issuer_org_id, created_at, product_id) where archived_at is not null;
create index products_by_name on rm.products (issuer_org_id, name_lower, product_id);

alter table rm.products enable row level security;
alter table rm.products force row level security;
create policy tenant_reads on rm.products for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.products as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else array[code] <@ (select string_to_array(current_setting('app.products', true), ',')) end);
create policy projector on rm.products to ledger_projector using (true) with check (true);

grant select on rm.products to ledger_api;
grant select, insert, update, delete on rm.products to ledger_projector;
