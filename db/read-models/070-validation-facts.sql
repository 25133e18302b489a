-- Everything that validations are decided on, for many requests in one round trip. Request i names a license by key hash,
-- or by organization and license id. Each is answered under row-level security as the license's own issuer, or as the
-- organization that asks; nothing comes back for what is unknown or not visible. The setting ends with the call.
-- Instants are milliseconds since 1970 and JSON is text, which the caller parses once.
create function rm.validation_facts(key_hashes bytea[], org_ids text[], license_ids text[])
returns table (
  request integer, matched_key_version integer, license_id text, issuer_org_id text, holder_org_id text, revision bigint,
  owner_user_ref text, policy text, products text, term_number integer, starts_at bigint, expires_at bigint,
  announced_term integer, limits text, entitlements text, external_ref text, suspension_reason text, suspended_since bigint,
  suspended_until bigint, revoked_at bigint, activations integer, key_version integer, key_hint text, created_at bigint, more text,
  fingerprints text
)
language plpgsql volatile security invoker rows 50
set search_path = ''
as $$
declare
  wanted_org text;
  wanted_license text;
  found_version integer;
begin
  for i in 1..cardinality(key_hashes) loop
    wanted_org := org_ids[i];
    wanted_license := license_ids[i];
    found_version := null;
    if key_hashes[i] is not null then
      select k.issuer_org_id, k.license_id, k.key_version into wanted_org, wanted_license, found_version
        from rm.license_by_key(key_hashes[i]) k;
      continue when not found;
    end if;

    perform set_config('app.org_id', wanted_org, true);
    return query
      select i, found_version, l.license_id, l.issuer_org_id, l.holder_org_id, l.revision,
        l.owner_user_ref, l.policy::text, array_to_json(l.products)::text, l.term_number,
        (date_part('epoch', l.starts_at) * 1000)::bigint, (date_part('epoch', l.expires_at) * 1000)::bigint,
        l.announced_term, l.limits::text, l.entitlements::text, l.external_ref, l.suspension_reason,
        (date_part('epoch', l.suspended_since) * 1000)::bigint, (date_part('epoch', l.suspended_until) * 1000)::bigint,
        (date_part('epoch', l.revoked_at) * 1000)::bigint, l.activations, l.key_version, l.key_hint,
        (date_part('epoch', l.created_at) * 1000)::bigint, l.more::text,
        -- One more than the caller takes, so that it knows when there are more.
        (select string_agg(encode(a.fingerprint_hash, 'hex'), ',') from (
          select o.fingerprint_hash from rm.activations o
          where o.license_id = l.license_id and o.deactivated_at is null limit 65) a)
      from rm.licenses l
      where l.license_id = wanted_license;
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.validation_facts(bytea[], text[], text[]) to ledger_api;
