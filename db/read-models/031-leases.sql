-- One row per lease of a floating seat, open or ended. Heartbeats are no events and not here.
create table rm.leases (
  issuer_org_id text not null,
  holder_org_id text,
  license_id text not null,
  lease_id text not null,
  -- MACHINE, INSTANCE or USER: what holder_hash is the HMAC of.
  scope text not null,
  product text,
  holder_hash bytea not null,
  user_ref text,
  borrowed boolean not null,
  -- A policy may say up to 100 years, which is more than an integer holds.
  ttl_seconds bigint not null,
  -- Of the last time, where a lapsed lease came back.
  acquired_at timestamptz not null,
  -- A borrowed lease ends then; any other lapses then, or later where it was heard of.
  expires_at timestamptz not null,
  -- Null: open.
  ended_at timestamptz,
  -- LAPSED, or the cause of the release.
  cause text,
  -- Of a lapsed one.
  last_seen_at timestamptz,
  -- When the seat of a released lease returns to the pool, where that is later than its end.
  seat_free_at timestamptz,
  -- Of the event that made the row: the order in which the oldest are ended.
  revision bigint not null,
  primary key (issuer_org_id, license_id, lease_id),
  check ((ended_at is null) = (cause is null)),
  check (ended_at is not null or (last_seen_at is null and seat_free_at is null))
);

create index leases_open on rm.leases (license_id, acquired_at, lease_id) where ended_at is null;
create index leases_open_by_holder on rm.leases (license_id, holder_hash) where ended_at is null;
-- A validation tells a lease that lapsed from none.
create index leases_lapsed_by_holder on rm.leases (license_id, holder_hash, ended_at) where cause = 'LAPSED';
-- What the worker looks through for leases that nobody was heard of.
create index leases_overdue on rm.leases (expires_at, license_id, lease_id) where ended_at is null;

alter table rm.leases enable row level security;
alter table rm.leases force row level security;
create policy tenant_reads on rm.leases for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- For an API key that is limited to products; src/postgres/tenant.ts sets them.
create policy within_products on rm.leases as restrictive for select to ledger_api using (case when (select nullif(current_setting('app.products', true), '')) is null then true
    else exists (select from rm.licenses l where l.license_id = leases.license_id) end);
create policy projector on rm.leases to ledger_projector using (true) with check (true);
create policy sweep on rm.leases for select to ledger_worker using (true);

grant select on rm.leases to ledger_api;
grant select, insert, update, delete on rm.leases to ledger_projector;
grant select (issuer_org_id, license_id, lease_id, holder_hash, scope, borrowed, ttl_seconds, acquired_at, expires_at, ended_at,
  seat_free_at) on rm.leases to ledger_worker;
