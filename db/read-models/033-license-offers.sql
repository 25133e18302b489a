-- The last offer of each license to an organization that had not consented to its issuer. It has everything that the
-- receiver may see of the license before it accepts. The receiver sees no other row of the license.
create table rm.license_offers (
  issuer_org_id text not null,
  -- The organization that the license is offered to. It does not hold the license yet.
  holder_org_id text not null,
  license_id text not null,
  products text[] not null,
  policy_id text not null,
  policy_version integer not null,
  tier text not null,
  offered_at timestamptz not null,
  expires_at timestamptz not null,
  -- What becomes of the term and of the devices when the offer is accepted: KEEP or RESET, KEEP or RELEASE.
  expiry text not null,
  activations text not null,
  -- False: accepted, declined, withdrawn, or ended with the license. An open offer may have expired.
  open boolean not null,
  primary key (issuer_org_id, license_id)
);

create index license_offers_by_holder on rm.license_offers (holder_org_id, offered_at, license_id) where open;
-- Who has ever offered a license to an organization: for the names of issuers.
create index license_offers_by_parties on rm.license_offers (holder_org_id, issuer_org_id);

alter table rm.license_offers enable row level security;
alter table rm.license_offers force row level security;
create policy tenant_reads on rm.license_offers for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_offers as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else false end);
create policy projector on rm.license_offers to ledger_projector using (true) with check (true);

grant select on rm.license_offers to ledger_api;
grant select, insert, update, delete on rm.license_offers to ledger_projector;
