-- When an active device was last seen, to a minute or so, with the version and product that it named. Telemetry like
-- heartbeats: no event, not rebuilt. Without its row a device was last seen at its activation. No index besides the key, so
-- that a sighting is an update in place.
create table ops.device_sightings (
  issuer_org_id text not null,
  license_id text not null,
  fingerprint_hash bytea not null,
  holder_org_id text,
  last_seen_at timestamptz not null,
  last_version text,
  last_product text,
  primary key (issuer_org_id, license_id, fingerprint_hash)
)
with (fillfactor = 70);

alter table ops.device_sightings enable row level security;
alter table ops.device_sightings force row level security;
create policy tenant_reads on ops.device_sightings for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_notes on ops.device_sightings for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_notes_again on ops.device_sightings for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
-- The worker walks along the key, so it sees the younger rows too.
create policy purge_walks on ops.device_sightings for select to ledger_worker using (true);
create policy purge on ops.device_sightings for delete to ledger_worker using (last_seen_at < now() - interval '400 days');

grant select, insert, update on ops.device_sightings to ledger_api;
grant select (issuer_org_id, license_id, fingerprint_hash, last_seen_at), delete on ops.device_sightings to ledger_worker;

-- Notes the sightings of many organizations in one round trip, like ops.note_validations. The condition of the update is
-- what keeps a device at one write a minute, whichever processes saw it.
create function ops.note_sightings(batch jsonb)
returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  issuer text;
  entries jsonb;
begin
  for issuer, entries in select e.key, e.value from jsonb_each(batch) e order by e.key loop
    perform set_config('app.org_id', issuer, true);
    insert into ops.device_sightings as s
      (issuer_org_id, license_id, fingerprint_hash, holder_org_id, last_seen_at, last_version, last_product)
    select issuer, e.license_id, decode(e.fingerprint_hash, 'hex'), e.holder_org_id, e.last_seen_at, e.version, e.product
      from jsonb_to_recordset(entries) e(license_id text, fingerprint_hash text, holder_org_id text,
        last_seen_at timestamptz, version text, product text)
      order by e.license_id, e.fingerprint_hash
    on conflict (issuer_org_id, license_id, fingerprint_hash) do update set
      holder_org_id = excluded.holder_org_id,
      last_seen_at = excluded.last_seen_at,
      -- A new holder does not see what the device named for an earlier one.
      last_version = case when s.holder_org_id is not distinct from excluded.holder_org_id
        then coalesce(excluded.last_version, s.last_version) else excluded.last_version end,
      last_product = case when s.holder_org_id is not distinct from excluded.holder_org_id
        then coalesce(excluded.last_product, s.last_product) else excluded.last_product end
    where s.last_seen_at <= excluded.last_seen_at - interval '1 minute';
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function ops.note_sightings(jsonb) to ledger_api;
