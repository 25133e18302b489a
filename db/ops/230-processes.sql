-- The running processes of the product. Each one writes its row every 15 seconds and deletes it when it stops. The row
-- of a killed process stays for an hour. Losing the table costs nothing: the next sign of life restores the rows.
create table ops.processes (
  -- Drawn at the start of the process.
  process_id uuid primary key,
  roles text[] not null,
  host text not null,
  pid integer not null,
  version text not null,
  -- The number of the release of its read models.
  release integer not null,
  started_at timestamptz not null,
  -- By the clock of Postgres, which all processes share.
  seen_at timestamptz not null default clock_timestamp(),
  status text not null check (status in ('ok', 'degraded', 'failing', 'stopping')),
  -- The parts that are not ok: part, state, reason, since.
  faults jsonb not null,
  -- Whether its projector works or can take over. Null without the role projector.
  projects boolean
);

-- No row belongs to an organization. The API sees no more than whether a projector is alive.
grant insert, update, delete, select (process_id, seen_at, projects) on ops.processes to ledger_api;
grant select on ops.processes to ledger_projector;
