-- What was written into the vault, or as the hash of an API key, for an event that was about to refer to it. The row is
-- there until it is known whether the event was stored: late twins of a request must not take away what it refers to. A
-- row of an erased value stays, so that a late repetition of its request does not bring the value back.
create table ops.vault_references (
  issuer_org_id text not null,
  -- ref_…, or the id of an API key.
  ref text not null,
  -- The stream that the event is in, if it is anywhere. Null: erased before anybody asked.
  stream text,
  since timestamptz not null default clock_timestamp(),
  erased boolean not null default false,
  primary key (issuer_org_id, ref)
);

alter table ops.vault_references enable row level security;
alter table ops.vault_references force row level security;
create policy tenant on ops.vault_references to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

-- By then no request that wrote it can still append: the worker reads the stream and settles it.
create index vault_references_open on ops.vault_references (since, ref) where not erased;
create policy settle_sees on ops.vault_references for select to ledger_worker
  using (not erased and since < now() - interval '25 hours');

grant select, insert, update, delete on ops.vault_references to ledger_api;
grant select (issuer_org_id, ref, stream, since, erased) on ops.vault_references to ledger_worker;
