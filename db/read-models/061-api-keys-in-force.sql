-- A key is in force until one of them: it expires, it was revoked. Null: not (yet).
alter table rm.api_keys
  add column expires_at timestamptz,
  add column revoked_at timestamptz;
