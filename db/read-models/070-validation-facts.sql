-- Everything that validations are decided on, for many requests in one round trip. Request i names a license by key hash,
-- or by organization and license id: then it must be visible to that organization. Licenses of one issuer are read together,
-- as that issuer, under row-level security; nothing comes back for what is unknown or not visible. The setting ends with the
-- call. `license` is the whole row, so that a new column needs no change here. `is_parked`: the stream of the license, or of
-- its issuer, is left out of the rows from some event on.
create function rm.validation_facts(key_hashes bytea[], org_ids text[], license_ids text[])
returns table (
  request integer, matched_key_version integer, license rm.licenses, issuer_closed boolean, fingerprints text,
  is_parked boolean
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
      select w.request::integer, w.version, l.license, issuer_is_closed,
        -- One more than the caller takes, so that it knows when there are more.
        (select string_agg(encode(a.fingerprint_hash, 'hex'), ',') from (
          select o.fingerprint_hash from rm.activations o
          where o.license_id = w.license_id and o.deactivated_at is null limit 65) a),
        cardinality(parked) > 0 and array['license-' || w.license_id, 'organization-' || issuer] && parked
      from unnest(issuers, license_ids, versions) with ordinality w(issuer_org_id, license_id, version, request)
      -- One row each: the limit keeps the planner at one look-up each, whatever it thinks of the size of the table.
      cross join lateral (select s as license from rm.licenses s where s.license_id = w.license_id limit 1) l
      where w.issuer_org_id = issuer;
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function rm.validation_facts(bytea[], text[], text[]) to ledger_api;
