-- Whom an organization invited. Open: neither withdrawn nor accepted, and the clock is before expires_at.
create table rm.invitations (
  -- The organization itself.
  issuer_org_id text not null,
  invitation_id text not null,
  -- Where vault holds the address.
  email_ref text not null,
  role text not null,
  invited_at timestamptz not null,
  expires_at timestamptz not null,
  withdrawn_at timestamptz,
  accepted_at timestamptz,
  -- The user or API key that invited. Null: the program.
  invited_by text,
  -- Who accepted it.
  user_id text,
  primary key (issuer_org_id, invitation_id),
  check ((accepted_at is null) = (user_id is null))
);

create index invitations_pending on rm.invitations (issuer_org_id, invited_at, invitation_id)
  where withdrawn_at is null and accepted_at is null;

alter table rm.invitations enable row level security;
alter table rm.invitations force row level security;
create policy tenant_reads on rm.invitations for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.invitations as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else false end);
create policy projector on rm.invitations to ledger_projector using (true) with check (true);

grant select on rm.invitations to ledger_api;
grant select, insert, update, delete on rm.invitations to ledger_projector;
