-- Roles belong to the whole cluster, databases do not: another database may have made them already, or be making them at
-- this very moment. Runs as the login of DATABASE_URL, which is a superuser or may create roles.
do $$
declare
  role_name text;
begin
  if current_setting('server_version_num')::int < 160000 then
    raise exception 'License Ledger needs Postgres 16 or newer; this server is %.', current_setting('server_version');
  end if;

  foreach role_name in array array['ledger_owner', 'ledger_api', 'ledger_projector', 'ledger_worker', 'ledger_auth'] loop
    for attempt in 1..20 loop
      begin
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
          execute format('create role %I nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication', role_name);
        end if;
        -- Who creates a role may administer it, but not yet become it.
        if not pg_catalog.pg_has_role(session_user, role_name, 'SET') then
          execute format('grant %I to %I with inherit false, set true', role_name, session_user);
        end if;
        exit;
      exception
        -- Somebody else was a moment faster: look again. Last, "tuple concurrently updated" of a shared catalog.
        when duplicate_object or unique_violation or internal_error then
          if attempt = 20 then raise; end if;
        when insufficient_privilege then
          raise exception 'The login % may neither create nor become the role %.', session_user, role_name
            using hint = format('Ask an administrator to run: alter role %I createrole; or to create ledger_owner, ledger_api, '
              'ledger_projector, ledger_worker and ledger_auth as NOLOGIN roles and grant them to %1$I with set true.', session_user);
      end;
    end loop;
  end loop;
end
$$;
