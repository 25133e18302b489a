-- What changes on a stored API key: that it was revoked, before the read models know, and when it was last used.
create policy tenant_changes on identity.api_keys for update to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));

grant update (revoked_at, last_used_at) on identity.api_keys to ledger_api;
