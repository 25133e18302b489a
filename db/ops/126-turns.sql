-- Whose turn it is to change what a key names, in any process. A change that needs the event store and a table takes a
-- turn in place of a lock, so that no connection and no transaction waits for the event store.
create table ops.turns (
  issuer_org_id text not null,
  key text not null,
  -- The command that has the turn. A repeated request has the same one.
  token text not null,
  -- After this instant another command may take over, because the process of this one has died. A working process extends it.
  until timestamptz not null,
  primary key (issuer_org_id, key)
);

alter table ops.turns enable row level security;
alter table ops.turns force row level security;
create policy tenant on ops.turns to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

-- A process that dies leaves its turn behind. The worker removes it after a day, and sees no younger ones.
create policy purge_sees on ops.turns for select to ledger_worker using (until < now() - interval '1 day');
create policy purge on ops.turns for delete to ledger_worker using (until < now() - interval '1 day');

grant select, insert, update, delete on ops.turns to ledger_api;
grant select (until), delete on ops.turns to ledger_worker;
