-- Everything that validations are decided on, for many requests in one round trip. Request i names a license by key hash,
-- or by organization and license id: then it must be visible to that organization. Licenses of one issuer are read together,
-- as that issuer, under row-level security; nothing comes back for what is unknown or not visible. The setting ends with the
-- call. `is_parked`: the stream of the license, or of its issuer, is left out of the rows from some event on. Instants
-- are milliseconds since 1970 and JSON is text, which the caller parses once.
create function rm.validation_facts(key_hashes bytea[], org_ids text[], license_ids text[])
returns table (
  request integer, matched_key_version integer, license_id text, issuer_org_id text, holder_org_id text, revision bigint,
  owner_user_ref text, policy text, products text, term_number integer, starts_at bigint, expires_at bigint,
  announced_term integer, limits text, entitlements text, external_ref text, suspension_reason text, suspended_since bigint,
  suspended_until bigint, revoked_at bigint, activations integer, key_version integer, key_hint text, created_at bigint, more text,
  issuer_closed boolean, fingerprints text, is_parked boolean
)
language plpgsql volatile security invoker rows 50
set search_path = ''
as $$
declare
  own oid;
  issuers text[];
  versions integer[];
  issuer text;
  named record;
  issuer_is_closed boolean;
  parked text[];
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  for i in 1..cardinality(key_hashes) loop
    if key_hashes[i] is null then
      perform set_config('app.org_id', org_ids[i], true);
      issuers[i] := (select l.issuer_org_id from rm.licenses l where l.license_id = license_ids[i]);
      -- Or the array would begin at the first key, and every version after it belong to another request.
      versions[i] := null;
    else
      named := rm.license_by_key(key_hashes[i]);
      issuers[i] := named.issuer_org_id;
      license_ids[i] := named.license_id;
      versions[i] := named.key_version;
    end if;
  end loop;

  parked := ops.parked_among(license_ids, issuers);

  for issuer in select distinct each from unnest(issuers) each where each is not null loop
    perform set_config('app.org_id', issuer, true);
    issuer_is_closed := exists (
      select from rm.organizations o where o.organization_id = issuer and o.closed_at is not null);
    return query
      select w.request::integer, w.version, l.license_id, l.issuer_org_id, l.holder_org_id, l.revision,
        l.owner_user_ref, l.policy::text, array_to_json(l.products)::text, l.term_number,
        (date_part('epoch', l.starts_at) * 1000)::bigint, (date_part('epoch', l.expires_at) * 1000)::bigint,
        l.announced_term, l.limits::text, l.entitlements::text, l.external_ref, l.suspension_reason,
        (date_part('epoch', l.suspended_since) * 1000)::bigint, (date_part('epoch', l.suspended_until) * 1000)::bigint,
        (date_part('epoch', l.revoked_at) * 1000)::bigint, l.activations, l.key_version, l.key_hint,
        (date_part('epoch', l.created_at) * 1000)::bigint, l.more::text, issuer_is_closed,
        -- One more than the caller takes, so that it knows when there are more.
        (select string_agg(encode(a.fingerprint_hash, 'hex'), ',') from (
          select o.fingerprint_hash from rm.activations o
          where o.license_id = l.license_id and o.deactivated_at is null limit 65) a),
        cardinality(parked) > 0 and array['license-' || l.license_id, 'organization-' || issuer] && parked
      from unnest(issuers, license_ids, versions) with ordinality w(issuer_org_id, license_id, version, request)
      -- One row each: the limit keeps the planner at one look-up each, whatever it thinks of the size of the table.
      cross join lateral (select * from rm.licenses s where s.license_id = w.license_id limit 1) l
      where w.issuer_org_id = issuer;
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.validation_facts(bytea[], text[], text[]) to ledger_api;
