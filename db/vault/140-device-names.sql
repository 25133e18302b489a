-- GET /v1/activations finds devices by their name. Equality of text is leakproof, so row-level security lets an index serve it.
create index personal_values_device_name on vault.personal_values (issuer_org_id, value) where kind = 'DEVICE_NAME';
create index personal_values_device_name_held on vault.personal_values (holder_org_id, value)
  where kind = 'DEVICE_NAME' and holder_org_id is not null;
