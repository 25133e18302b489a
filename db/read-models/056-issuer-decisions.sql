-- The issuers that an organization trusts or blocks.
create table rm.issuer_decisions (
  -- The organization that decides: the row belongs to it.
  issuer_org_id text not null,
  -- The issuer that the decision is about. It cannot read the row.
  decided_org_id text not null,
  -- Null: the organization has forgotten the decision.
  decision text check (decision in ('TRUSTED', 'BLOCKED')),
  decided_at timestamptz not null,
  primary key (issuer_org_id, decided_org_id)
);

alter table rm.issuer_decisions enable row level security;
alter table rm.issuer_decisions force row level security;
create policy tenant_reads on rm.issuer_decisions for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.issuer_decisions as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else false end);
create policy projector on rm.issuer_decisions to ledger_projector using (true) with check (true);

grant select on rm.issuer_decisions to ledger_api;
grant select, insert, update, delete on rm.issuer_decisions to ledger_projector;
