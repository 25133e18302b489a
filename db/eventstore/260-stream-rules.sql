-- Which events of a stream its readers see. The newest metadata of the stream and its tombstone say it; each row is
-- written in the transaction that appends them. A stream without a row shows all its events.
create table eventstore.stream_rules (
  stream text collate "C" primary key,
  -- The first visible revision. 9223372036854775807: the stream is deleted, softly or by a tombstone.
  truncate_before bigint,
  max_count bigint,
  -- 100-nanosecond ticks, like created_ticks of an event.
  max_age_ticks bigint,
  -- True also for the metadata of a stream with a tombstone.
  is_tombstoned boolean not null
);
