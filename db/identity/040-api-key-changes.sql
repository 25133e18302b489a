-- What changes on a stored API key: it is revoked, before the read models know; and one whose creation was refused is taken
-- back.
create policy tenant_changes on identity.api_keys for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy tenant_removes on identity.api_keys for delete to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant update (revoked_at), delete on identity.api_keys to ledger_api;
