-- What an issuer notes on a license: free-form, changeable, no event. The issuer writes, issuer and holder read.
create table vault.license_metadata (
  license_id text primary key,
  issuer_org_id text not null,
  holder_org_id text,
  metadata jsonb not null
);

alter table vault.license_metadata enable row level security;
alter table vault.license_metadata force row level security;
create policy tenant_reads on vault.license_metadata for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_writes on vault.license_metadata to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, update, delete on vault.license_metadata to ledger_api;
