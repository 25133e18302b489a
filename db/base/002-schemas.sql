-- rm: read models, droppable. identity: credentials. vault: personal values. ops: bookkeeping that is not rebuilt.
create schema rm authorization ledger_owner;
create schema identity authorization ledger_owner;
create schema vault authorization ledger_owner;
create schema ops authorization ledger_owner;

set local role ledger_owner;
revoke all on schema rm, identity, vault, ops from public;
grant usage on schema rm to ledger_api, ledger_projector, ledger_worker, ledger_auth;
grant usage on schema identity to ledger_api, ledger_auth;
grant usage on schema vault to ledger_api;
grant usage on schema ops to ledger_api, ledger_projector, ledger_worker;

-- A function is callable by everybody unless this is said before it is made.
alter default privileges revoke execute on functions from public;
set local role ledger_auth;
alter default privileges revoke execute on functions from public;
reset role;
