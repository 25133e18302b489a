-- Evidence packs that organizations have requested. The worker makes them. A row ends seven days after its pack, or one day
-- after it failed.
create table ops.audit_packs (
  issuer_org_id text not null,
  pack_id text not null,
  -- Who requested it.
  actor_type text not null,
  actor_id text not null,
  -- The request: licenses or filter, from and to.
  query jsonb not null,
  -- The licenses that the filter had, or those of the request, in order.
  licenses text[] not null,
  -- False: proofs of single events in place of the leaves of the log.
  has_leaves boolean not null,
  state text not null check (state in ('QUEUED', 'RUNNING', 'READY', 'FAILED')),
  -- Why it failed, as a sentence.
  reason text,
  -- How many lines are written, and how many there will be. 0 of 0 while the worker waits for a checkpoint.
  done bigint not null default 0,
  total bigint not null default 0,
  byte_count bigint,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null,
  finished_at timestamptz,
  expires_at timestamptz,
  -- Until then one worker has the pack. Another one begins again when this has passed.
  claimed_until timestamptz,
  -- Since when it waits for a checkpoint, without a fault or a stop of the worker meanwhile.
  waiting_since timestamptz,
  -- How often a worker began. The parts of an earlier try are removed.
  tries integer not null default 0,
  primary key (issuer_org_id, pack_id),
  check ((state in ('READY', 'FAILED')) = (finished_at is not null and expires_at is not null)),
  check ((state = 'READY') = (byte_count is not null and sha256 is not null)),
  check ((state = 'FAILED') = (reason is not null))
);
create index audit_packs_open on ops.audit_packs (created_at) where state in ('QUEUED', 'RUNNING');
create index audit_packs_ended on ops.audit_packs (expires_at) where expires_at is not null;

-- The file of a pack. `at`: where the part begins. The API and the worker may run on different machines.
create table ops.audit_pack_parts (
  issuer_org_id text not null,
  pack_id text not null,
  at bigint not null check (at >= 0),
  bytes bytea not null check (octet_length(bytes) > 0),
  primary key (issuer_org_id, pack_id, at),
  -- The quota of an organization counts packs, so no part stays without its pack.
  foreign key (issuer_org_id, pack_id) references ops.audit_packs on delete cascade
);

alter table ops.audit_packs enable row level security;
alter table ops.audit_packs force row level security;
alter table ops.audit_pack_parts enable row level security;
alter table ops.audit_pack_parts force row level security;

create policy issuer_reads on ops.audit_packs for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_requests on ops.audit_packs for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_deletes on ops.audit_packs for delete to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- A worker writes the others.
create policy only_ended on ops.audit_packs as restrictive for delete to ledger_api
  using (state in ('READY', 'FAILED'));
create policy issuer_reads on ops.audit_pack_parts for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- A pack covers all products.
create policy within_products on ops.audit_packs as restrictive to ledger_api
  using ((select nullif(current_setting('app.products', true), '')) is null);
create policy within_products on ops.audit_pack_parts as restrictive for select to ledger_api
  using ((select nullif(current_setting('app.products', true), '')) is null);
-- Nobody reads half a file.
create policy only_ready on ops.audit_pack_parts as restrictive for select to ledger_api
  using (exists (select from ops.audit_packs p
    where p.issuer_org_id = audit_pack_parts.issuer_org_id and p.pack_id = audit_pack_parts.pack_id and p.state = 'READY'));
create policy makes on ops.audit_packs to ledger_worker using (true) with check (true);
create policy makes on ops.audit_pack_parts to ledger_worker using (true) with check (true);

grant select, insert, delete on ops.audit_packs to ledger_api;
grant select on ops.audit_pack_parts to ledger_api;
grant select (issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, state, tries, done, total, byte_count,
  created_at, claimed_until, waiting_since, expires_at), update, delete on ops.audit_packs to ledger_worker;
grant select (issuer_org_id, pack_id, at, bytes), insert, delete on ops.audit_pack_parts to ledger_worker;
