-- Which log the positions in this database are of: the id of a log that moved, or null for a first log. The first process
-- writes the row. Where the event store has another log, no process starts.
create table ops.served_log (
  is_only boolean primary key default true check (is_only),
  log_id text
);

-- A database that has positions has those of a first log: no earlier release moves a log.
insert into ops.served_log (log_id)
  select null where exists (select from ops.checkpoints where commit_position is not null);

grant select, insert on ops.served_log to ledger_api;
