-- What a validation needs beside the facts of the license where the request names it, or its policy asks for it, in one
-- round trip: the holder's lease, a user, a device by its activation or fingerprint, devices by their parts, the last check-in. Null: not
-- asked for. Hashes come once per secret that may have made them. Instants are milliseconds since 1970.
create function rm.validation_details(
  org_id text, wanted_license text, holders bytea[], users text[], wanted_activation text, parts jsonb, checks_in boolean,
  wanted_device bytea,
  out lease_until bigint, out lease_borrowed boolean, out lease_holder text, out assigned_user text, out named_fingerprint text,
  out devices jsonb, out checked_in_at bigint, out device_user text, out device_environment text,
  out device_components jsonb, out lease_user text
)
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  own oid;
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  perform set_config('app.org_id', org_id, true);
  if holders is not null then
    -- A heartbeat prolongs a lease, its absence does not shorten it; a borrowed one ends at its end.
    select (date_part('epoch', case when l.borrowed then l.expires_at
        else greatest(l.expires_at, v.last_seen_at + make_interval(secs => l.ttl_seconds)) end) * 1000)::bigint,
        l.borrowed, encode(l.holder_hash, 'hex'), l.user_ref
      into lease_until, lease_borrowed, lease_holder, lease_user
      from rm.leases l left join ops.lease_liveness v
        on (v.issuer_org_id, v.license_id, v.lease_id) = (l.issuer_org_id, l.license_id, l.lease_id)
      where l.license_id = wanted_license and l.holder_hash = any(holders) and l.ended_at is null
      limit 1;
    if not found then
      -- Only the last lapse counts. The validation forgets it after a time.
      select (date_part('epoch', max(l.ended_at)) * 1000)::bigint into lease_until
        from unnest(holders) holder cross join lateral (
          select p.ended_at from rm.leases p
            where p.license_id = wanted_license and p.holder_hash = holder and p.cause = 'LAPSED'
            order by p.ended_at desc limit 1) l;
    end if;
  end if;
  if users is not null then
    select u.user_ref into assigned_user from rm.license_users u
      where u.issuer_org_id = org_id and u.license_id = wanted_license and u.user_ref = any(users)
        and u.unassigned_at is null
      limit 1;
  end if;
  if wanted_activation is not null then
    select encode(a.fingerprint_hash, 'hex'), a.user_ref, a.environment, a.components
      into named_fingerprint, device_user, device_environment, device_components
      from rm.activations a
      where a.activation_id = wanted_activation and a.license_id = wanted_license and a.deactivated_at is null;
  elsif wanted_device is not null then
    select a.user_ref, a.environment, a.components into device_user, device_environment, device_components
      from rm.activations a
      where a.license_id = wanted_license and a.fingerprint_hash = wanted_device and a.deactivated_at is null
      limit 1;
  end if;
  if parts is not null then
    -- Those that have any part in common, in the order of their activation; how many it takes, the policy says.
    select jsonb_agg(jsonb_build_object('id', a.activation_id, 'fingerprintHash', encode(a.fingerprint_hash, 'hex'), 'components', a.components,
          'userRef', a.user_ref, 'environment', a.environment)
        order by a.activated_at, a.activation_id)
      into devices
      from rm.activations a
      where a.license_id = wanted_license and a.deactivated_at is null and exists (
        select from jsonb_array_elements(parts) made, jsonb_each_text(made.value) part
        where a.components ->> part.key = part.value);
  end if;
  if checks_in then
    select (date_part('epoch', c.checked_in_at) * 1000)::bigint into checked_in_at from ops.license_check_ins c
      where c.issuer_org_id = org_id and c.license_id = wanted_license;
  end if;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.validation_details(text, text, bytea[], text[], text, jsonb, boolean, bytea) to ledger_api;
