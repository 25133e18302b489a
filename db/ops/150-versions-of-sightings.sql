-- A sighting within the minute of the previous one was dropped with the version and the product that it named. When the
-- next contacts named none, the device showed an older version for ever. Such a sighting is written now. A device that
-- names the same again, or nothing, stays at one write a minute.
create or replace function ops.note_sightings(batch jsonb)
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
    where s.last_seen_at <= excluded.last_seen_at - interval '1 minute'
      -- An older contact, which another process writes later, replaces nothing.
      or (s.last_seen_at <= excluded.last_seen_at and (s.last_version <> excluded.last_version
        or s.last_product <> excluded.last_product
        or (s.last_version is null and excluded.last_version is not null)
        or (s.last_product is null and excluded.last_product is not null)));
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;
