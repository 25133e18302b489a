-- The command of `ledger init`, which creates the first organization once. Only the login that migrates reads and writes
-- it, as the owner.
create table ops.first_organization (
  only_one boolean primary key default true check (only_one),
  -- The ids of the organization, its OWNER and its API key follow from it, so a second attempt continues the first.
  command_id uuid not null,
  begun_at timestamptz not null default now(),
  -- When the secrets were printed. Null: an attempt stopped before, and the next one continues it.
  done_at timestamptz
);
