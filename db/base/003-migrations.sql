-- Which files of db/ this database has had, and what they contained.
set local role ledger_owner;
create table ops.migrations (
  file text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);
reset role;
