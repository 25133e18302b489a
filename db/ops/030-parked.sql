-- Streams that a projection leaves out, from an event on that it cannot bring into its tables: `ledger parked` lists and
-- replays them. They belong to no organization's request: only the projector and operators see them.
create table ops.parked (
  projection text not null,
  version integer not null,
  stream text not null,
  -- The event that did not fit; it and all later ones of the stream are not in the tables.
  from_revision bigint not null,
  event_id text not null,
  event_type text not null,
  error text not null,
  parked_at timestamptz not null default now(),
  primary key (projection, version, stream)
);

grant select, insert, update, delete on ops.parked to ledger_projector;
