-- Personal values, erasable: events hold the reference only. The issuer writes, issuer and holder read.
create table vault.personal_values (
  ref text primary key,
  issuer_org_id text not null,
  holder_org_id text,
  -- What it is: DEVICE_NAME, REASON_TEXT.
  kind text not null,
  -- What it is about: the id of a license or activation.
  subject text not null,
  value text not null
);

create index personal_values_subject on vault.personal_values (issuer_org_id, subject);

alter table vault.personal_values enable row level security;
alter table vault.personal_values force row level security;
create policy tenant_reads on vault.personal_values for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_writes on vault.personal_values to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant select, insert, update, delete on vault.personal_values to ledger_api;
