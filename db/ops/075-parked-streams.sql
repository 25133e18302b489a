-- What the read models lack of a parked stream is answered from the stream itself. These are the doors to the
-- projector's bookkeeping by which a request learns that it must read the stream.
create index parked_by_stream on ops.parked (stream);

-- Keys of licenses whose event is left out: the read models do not know these keys.
create table ops.parked_keys (
  projection text not null,
  version integer not null,
  stream text not null,
  key_version integer not null,
  key_hash bytea not null,
  primary key (projection, version, stream, key_version)
);
create index parked_keys_by_hash on ops.parked_keys (key_hash);

grant select, insert, update, delete on ops.parked_keys to ledger_projector;
grant select on ops.parked_keys, ops.projection_versions to ledger_auth;
grant usage, create on schema ops to ledger_auth;
set local role ledger_auth;

-- Which of these licenses, or of these organizations, have a stream that the serving read models leave out, as names of
-- streams.
create function ops.parked_among(licenses text[], organizations text[]) returns text[]
language plpgsql stable security definer
set search_path = ''
as $$
begin
  -- The usual case, in one look.
  if not exists (select from ops.parked) then return '{}'; end if;
  return array(
    select p.stream from ops.parked p join ops.projection_versions v using (projection, version)
    where v.state = 'active' and p.stream = any(
      array(select 'license-' || id from unnest(licenses) id) || array(select 'organization-' || id from unnest(organizations) id))
  );
end
$$;

-- The license whose key has one of these hashes, where the event of the key is left out; nulls for any other key.
create function ops.parked_license_by_key(hashes bytea[], out license_id text, out key_version integer)
language plpgsql stable security definer
set search_path = ''
as $$
begin
  select substr(k.stream, length('license-') + 1), k.key_version into license_id, key_version
    from ops.parked_keys k join ops.projection_versions v using (projection, version)
    where v.state = 'active' and k.key_hash = any(hashes) limit 1;
end
$$;

grant execute on function ops.parked_among(text[], text[]), ops.parked_license_by_key(bytea[]) to ledger_api;
set local role ledger_owner;
revoke create on schema ops from ledger_auth;
