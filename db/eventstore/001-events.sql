-- The log. One row is one event for ever: nothing here is ever updated.
-- position is an offset in the log, strictly increasing with gaps, and is both commit and prepare position on the wire.
create table eventstore.events (
  position bigint primary key,
  stream text collate "C" not null check (stream <> ''),
  revision bigint not null check (revision >= 0),
  event_id uuid not null,
  type text collate "C" not null check (type <> ''),
  is_json boolean not null,
  data bytea not null,
  metadata bytea not null,
  -- 100-nanosecond ticks since the Unix epoch, as the protocol has them.
  created_ticks bigint not null,
  unique (stream, revision)
);
