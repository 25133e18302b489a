-- A rebuild copies rows as the owner of the tables, because Postgres allows no COPY to a role that row-level security
-- binds. The trigger of rm.license_last_validations then runs as the owner too.
set local role ledger_auth;
grant execute on function ops.last_validations_of(text[], text[], text[]) to ledger_owner;
