-- The versions of a projection's tables: the active one is the schema rm, another one is rm_v<version>.
create table ops.projection_versions (
  projection text not null,
  version integer not null,
  -- building: not complete yet. previous: the one before the active one, kept to go back to.
  state text not null check (state in ('building', 'active', 'previous')),
  -- SHA-256 over the files of db/read-models that it was made from.
  shape text not null,
  made_at timestamptz not null default now(),
  -- When it became active, last.
  switched_at timestamptz,
  primary key (projection, version),
  unique (projection, state) deferrable initially deferred
);

grant select on ops.projection_versions to ledger_projector, ledger_api;

-- The schema that holds the rows of a checkpoint, at this moment. A projector that still writes to the schema of another
-- version finds out by it, in the statement that moves the checkpoint.
alter table ops.checkpoints add column schema_name text not null default 'rm';
