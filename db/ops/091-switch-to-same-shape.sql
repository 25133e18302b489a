-- As before, but a switch to a version of the same shape refuses nobody: a function of the previous version reads the tables of
-- the new one as well as its own.
create or replace function ops.require_read_models(routine oid) returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  perform ops.require_read_models();
  if (select p.pronamespace from pg_catalog.pg_proc p where p.oid = routine) = 'rm'::pg_catalog.regnamespace then
    return;
  end if;
  -- The usual case does not come here.
  if not exists (
    select from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join ops.checkpoints k on k.schema_name = n.nspname
      join ops.projection_versions own using (projection, version)
      join ops.projection_versions serving on serving.projection = own.projection and serving.state = 'active'
    where p.oid = routine and own.projection = 'read-models' and own.shape = serving.shape
  ) then
    raise exception using errcode = '57P03', constraint = 'read_models',
      message = 'Other read models have just taken over. Try again.';
  end if;
end
$$;
