-- Which log the positions in this database are of: the id of a log that moved, or null for a first log. The first process
-- writes the row. Where the event store has another log, no process starts.
create table ops.served_log (
  is_only boolean primary key default true check (is_only),
  log_id text
);

grant select, insert on ops.served_log to ledger_api;
