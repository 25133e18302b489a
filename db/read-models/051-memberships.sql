-- Who is a member of an organization, and who was. Names and addresses are not here: users are named by their ids.
create table rm.memberships (
  -- The organization itself.
  issuer_org_id text not null,
  user_id text not null,
  role text not null,
  -- By which invitation; null: the founder.
  invitation_id text,
  -- Of the last time, where somebody came back.
  joined_at timestamptz not null,
  -- Null: a member.
  removed_at timestamptz,
  primary key (issuer_org_id, user_id)
);

create index memberships_by_time on rm.memberships (issuer_org_id, joined_at, user_id) where removed_at is null;

alter table rm.memberships enable row level security;
alter table rm.memberships force row level security;
create policy tenant_reads on rm.memberships for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.memberships as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else false end);
create policy projector on rm.memberships to ledger_projector using (true) with check (true);

grant select on rm.memberships to ledger_api;
grant select, insert, update, delete on rm.memberships to ledger_projector;

-- Rights end with these changes; see db/ops/110-access-notices.sql.
create trigger notice_change after update on rm.memberships
  for each row when ((old.role, old.removed_at) is distinct from (new.role, new.removed_at))
  execute function ops.notice_access_change('user_id');
create trigger notice_removal after delete on rm.memberships
  for each row execute function ops.notice_access_change('user_id');
