-- One row per Idempotency-Key in use: written before the command is carried out, completed with its answer.
create table ops.idempotency (
  issuer_org_id text not null,
  principal text not null,
  operation text not null,
  idempotency_key text not null,
  request_hash text not null,
  command_id text not null,
  -- While in flight: another request may take over after this instant.
  locked_until timestamptz not null,
  -- Null while in flight.
  status smallint,
  body text,
  -- What is shown once and must be answered again, encrypted.
  secret bytea,
  created_at timestamptz not null default now(),
  primary key (issuer_org_id, principal, operation, idempotency_key)
);

alter table ops.idempotency enable row level security;
alter table ops.idempotency force row level security;
create policy tenant on ops.idempotency to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

-- Answers are kept for 24 hours; then the worker may remove them, and it sees no younger ones.
create index idempotency_by_age on ops.idempotency (created_at);
create policy purge_sees on ops.idempotency for select to ledger_worker using (created_at < now() - interval '24 hours');
create policy purge on ops.idempotency for delete to ledger_worker using (created_at < now() - interval '24 hours');

grant select, insert, update, delete on ops.idempotency to ledger_api;
grant select (created_at), delete on ops.idempotency to ledger_worker;
