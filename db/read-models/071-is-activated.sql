-- Whether a device is activated on a license, for licenses with more devices than rm.validation_facts returns.
create function rm.is_activated(org_id text, wanted_license text, wanted_fingerprint bytea)
returns boolean
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  own oid;
  activated boolean;
begin
  get diagnostics own = pg_routine_oid;
  perform ops.require_read_models(own);
  perform set_config('app.org_id', org_id, true);
  activated := exists (
    select from rm.activations a
    where a.license_id = wanted_license and a.fingerprint_hash = wanted_fingerprint and a.deactivated_at is null);
  perform set_config('app.org_id', '', true);
  return activated;
end
$$;

grant execute on function rm.is_activated(text, text, bytea) to ledger_api;
