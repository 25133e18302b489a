-- The ids of counted usage, so that usage which is sent again counts once. The state of a license knows the ids of the
-- last 70 minutes itself. The worker removes rows after 36 days: an id counts as known for 35.
create table rm.usage_ids (
  issuer_org_id text not null,
  license_id text not null,
  meter text not null,
  usage_id text not null,
  -- Of the event. An id may come again after 35 days.
  revision bigint not null,
  quantity bigint not null,
  -- Null: an earlier release recorded it.
  command_id text,
  recorded_at timestamptz not null,
  -- The number of the event among those of the license about usage.
  number integer not null,
  -- The usage_id that a correction corrects, with a quantity below 0. Null: it is no correction.
  corrects text,
  primary key (issuer_org_id, license_id, meter, usage_id, revision)
);

create index usage_ids_by_age on rm.usage_ids (recorded_at);
create index usage_ids_corrections on rm.usage_ids (issuer_org_id, license_id, meter, corrects, number)
  where corrects is not null;

alter table rm.usage_ids enable row level security;
alter table rm.usage_ids force row level security;
-- The server asks as the issuer, also about usage that the holder sends.
create policy tenant_reads on rm.usage_ids for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy within_products on rm.usage_ids as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = usage_ids.license_id) end);
create policy projector on rm.usage_ids to ledger_projector using (true) with check (true);
create policy purge_sees on rm.usage_ids for select to ledger_worker using (recorded_at < now() - interval '36 days');
create policy purge on rm.usage_ids for delete to ledger_worker using (recorded_at < now() - interval '36 days');

grant select on rm.usage_ids to ledger_api;
grant select (recorded_at), delete on rm.usage_ids to ledger_worker;
grant select, insert, update, delete on rm.usage_ids to ledger_projector;
