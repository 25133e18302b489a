-- The log of each issuer: its events of licenses, its catalog and its organization, numbered 0, 1, 2, … in the order of the
-- event store. The row of an event never changes. Streams that are parked have their rows too.
-- No column tells a position, because those of another event store are others (ledger copy).
create table rm.log_entries (
  issuer_org_id text not null,
  log_index bigint not null check (log_index >= 0),
  event_id uuid not null,
  stream text not null,
  revision bigint not null,
  -- As in the metadata of the event.
  hash bytea not null check (octet_length(hash) = 32),
  recorded_at timestamptz not null,
  primary key (issuer_org_id, log_index)
);

-- The index of one event, and whether an event that comes again has one.
create index log_entries_by_event on rm.log_entries (stream, revision);
-- An event of the issuer's own catalog or organization, by its id alone.
create index log_entries_of_issuer on rm.log_entries (issuer_org_id, event_id) where stream not like 'license-%';

alter table rm.log_entries enable row level security;
alter table rm.log_entries force row level security;
-- Only the issuer reads these rows: an index tells how much an issuer records.
create policy tenant_reads on rm.log_entries for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products. The rest of the stream after 'license-' is the id of the license.
create policy within_products on rm.log_entries as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = substr(log_entries.stream, 9)) end);
create policy projector on rm.log_entries to ledger_projector using (true) with check (true);
-- The notary builds the trees of all issuers.
create policy notary on rm.log_entries for select to ledger_worker using (true);

grant select on rm.log_entries to ledger_api;
grant select (issuer_org_id, log_index, event_id, stream, revision, hash, recorded_at) on rm.log_entries to ledger_worker;
grant select, insert, update, delete on rm.log_entries to ledger_projector;
