-- The history of licenses: every stored event with every field of its envelope.
create table rm.license_events (
  issuer_org_id text not null,
  -- Who held the license after the event. What a decisive event ends belongs to who held the license before that event.
  holder_org_id text,
  -- Of a transfer: who held the license before it. Both holders read the event.
  previous_holder_org_id text,
  license_id text not null,
  revision bigint not null,
  position bigint not null,
  event_id text not null,
  type text not null,
  schema_version integer not null,
  effective_at timestamptz not null,
  recorded_at timestamptz not null,
  actor_type text not null,
  actor_id text not null,
  on_behalf_of text,
  reason_code text,
  -- What a person wrote is in vault.personal_values under this reference.
  reason_text_ref text,
  command_id text not null,
  request_hash text not null,
  correlation_id text not null,
  causation_id text,
  prev_hash bytea not null,
  hash bytea not null,
  data jsonb not null,
  -- The size of the data as text: pages end by it without reading the data.
  data_bytes integer not null generated always as (octet_length(data::text)) stored,
  primary key (issuer_org_id, license_id, revision),
  check (reason_code is not null or reason_text_ref is null)
);

-- An organization reads the events of all its licenses in the order of the log.
create index license_events_by_issuer on rm.license_events (issuer_org_id, position);
-- What an organization holds of its own is in the indexes of issuers alone.
create index license_events_by_holder on rm.license_events (holder_org_id, position)
  where issuer_org_id <> holder_org_id;
create index license_events_by_previous_holder on rm.license_events (previous_holder_org_id, position)
  where issuer_org_id <> previous_holder_org_id;
-- The same for some types of events.
create index license_events_by_issuer_and_type on rm.license_events (issuer_org_id, type, position);
create index license_events_by_holder_and_type on rm.license_events (holder_org_id, type, position)
  where issuer_org_id <> holder_org_id;
create index license_events_by_previous_holder_and_type on rm.license_events (previous_holder_org_id, type, position)
  where issuer_org_id <> previous_holder_org_id;
-- rm.feed_activity reads the newest events of all organizations. An index over the plain position would tempt the planner
-- to walk a feed through the events of everybody else.
create index license_events_by_position on rm.license_events ((position + 0));
-- One event by its id. Only ever for equality, and a fraction of the size of a tree over text.
create index license_events_by_id on rm.license_events using hash (event_id);

alter table rm.license_events enable row level security;
alter table rm.license_events force row level security;
create policy tenant_reads on rm.license_events for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or previous_holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.license_events as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = license_events.license_id) end);
create policy projector on rm.license_events to ledger_projector using (true) with check (true);

grant select on rm.license_events to ledger_api;
grant select, insert, update, delete on rm.license_events to ledger_projector;
