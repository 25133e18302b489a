-- A search for a device by its name reads one organization's names only, as issuer and as holder.
create index device_names_by_issuer on vault.personal_values (issuer_org_id, value) where kind = 'DEVICE_NAME';
create index device_names_by_holder on vault.personal_values (holder_org_id, value)
  where kind = 'DEVICE_NAME' and holder_org_id is not null;
