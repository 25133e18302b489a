-- A cache of folded streams, so that a long stream is not read from its start. It holds nothing that the log does not
-- say and may be emptied at any time. Only the long streams have rows: one for every few hundred events.
create table ops.stream_snapshots (
  issuer_org_id text not null,
  stream text collate "C" not null,
  -- The kind of the stream and the version of its fold; a program ignores the rows of every other version.
  fold text collate "C" not null,
  -- The event that the row stands at. Its id and hash are compared with the event store before the row is believed.
  revision bigint not null,
  event_id text not null,
  hash bytea not null,
  recorded_at timestamptz not null,
  -- The row describes the events after this one, and the earliest instant that one of them was recorded or took effect
  -- at.
  previous_revision bigint not null,
  previous_hash bytea not null,
  earliest_at timestamptz not null,
  -- Compressed and sealed: the facts of a license after the event; the whole state, kept for the newest two rows of a
  -- stream.
  facts bytea,
  whole bytea,
  saved_at timestamptz not null default now(),
  primary key (issuer_org_id, stream, fold, revision)
);

-- They are compressed already.
alter table ops.stream_snapshots alter column facts set storage external, alter column whole set storage external;

-- Where whole states are: found without reading the other rows of a stream.
create index stream_snapshots_whole on ops.stream_snapshots (issuer_org_id, stream, fold, revision) where whole is not null;
-- What the worker removes: rows that an earlier or later version of a fold has left.
create index stream_snapshots_by_fold on ops.stream_snapshots (fold, saved_at);

alter table ops.stream_snapshots enable row level security;
alter table ops.stream_snapshots force row level security;
create policy tenant on ops.stream_snapshots to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy purge_sees on ops.stream_snapshots for select to ledger_worker using (saved_at < now() - interval '7 days');
create policy purge on ops.stream_snapshots for delete to ledger_worker using (saved_at < now() - interval '7 days');

grant select, insert, update, delete on ops.stream_snapshots to ledger_api;
grant select (fold, saved_at), delete on ops.stream_snapshots to ledger_worker;
