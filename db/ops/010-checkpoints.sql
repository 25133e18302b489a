-- How far a projection has come. Moves in the transaction that writes its rows, by compare-and-set on the position.
create table ops.checkpoints (
  projection text not null,
  version integer not null,
  -- Null: nothing handled yet.
  commit_position bigint,
  prepare_position bigint,
  -- The last event handled, to recognize an event store that was restored to another past.
  last_event_id text,
  last_stream text,
  last_revision bigint,
  updated_at timestamptz not null default now(),
  primary key (projection, version),
  check ((commit_position is null) = (prepare_position is null))
);

grant select, insert, update on ops.checkpoints to ledger_projector;
grant select on ops.checkpoints to ledger_api, ledger_worker;
