-- The releases of products, each with what validations compare and lists are ordered by.
create table rm.releases (
  issuer_org_id text not null,
  -- The code of the product.
  product text not null,
  -- In the one spelling of a version: three numbers and the suffix of a preview, without the build.
  version text not null,
  -- Its order by bytes is the precedence of SemVer.
  version_order text collate "C" not null,
  channel text not null,
  released_at timestamptz not null,
  published_at timestamptz not null,
  -- Null: the release counts.
  withdrawn_at timestamptz,
  primary key (issuer_org_id, product, version)
);

create index releases_by_time on rm.releases (issuer_org_id, product, released_at, version_order);
create index releases_by_channel on rm.releases (issuer_org_id, product, channel, released_at, version_order);
create index releases_by_version on rm.releases (issuer_org_id, product, version_order) where withdrawn_at is null;

alter table rm.releases enable row level security;
alter table rm.releases force row level security;
create policy tenant_reads on rm.releases for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.releases as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else array[product] <@ (select string_to_array(current_setting('app.products', true), ',')) end);
create policy projector on rm.releases to ledger_projector using (true) with check (true);

grant select on rm.releases to ledger_api;
grant select, insert, update, delete on rm.releases to ledger_projector;

-- What a validation needs to know about a version that it names, in one round trip: when and in which channel each of
-- these products released it. Instants are milliseconds since 1970.
create function rm.releases_of_version(org_id text, products text[], wanted text)
returns table (product text, channel text, released_ms bigint)
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  own oid;
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  perform set_config('app.org_id', org_id, true);
  return query select r.product, r.channel, (date_part('epoch', r.released_at) * 1000)::bigint
    from rm.releases r
    where r.issuer_org_id = org_id and r.product = any(products) and r.version = wanted and r.withdrawn_at is null;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.releases_of_version(text, text[], text) to ledger_api;

-- The greatest version of a product that was released before one instant and until another, from one version on and below
-- another one, in the channel stable or in that of the named version. Null: without that bound.
create function rm.newest_release(
  org_id text, wanted_product text, named_version text, from_order text, below_order text, before timestamptz, until timestamptz
)
returns table (version text, channel text, released_ms bigint)
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  own oid;
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  perform set_config('app.org_id', org_id, true);
  return query select r.version, r.channel, (date_part('epoch', r.released_at) * 1000)::bigint
    from rm.releases r
    where r.issuer_org_id = org_id and r.product = wanted_product and r.withdrawn_at is null
      and (r.channel = 'stable' or r.channel = (select n.channel from rm.releases n
        where n.issuer_org_id = org_id and n.product = wanted_product and n.version = named_version))
      and r.released_at <= until
      and (before is null or r.released_at < before)
      and (from_order is null or r.version_order >= from_order)
      and (below_order is null or r.version_order < below_order)
    order by r.version_order desc limit 1;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.newest_release(text, text, text, text, text, timestamptz, timestamptz) to ledger_api;
