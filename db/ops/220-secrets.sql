-- The secrets of LEDGER_SECRET that this database was used with. No secret and no stored hash can be computed from a row.
create table ops.secrets (
  -- The id that stored hashes name. Derived from the secret, like the check value, with another label.
  secret_id text primary key,
  check_value bytea not null,
  noted_at timestamptz not null default now(),
  -- When a process first signed with the secret. Null: none did yet, so nothing stored needs it. 1970: the first recorded
  -- start had it, so everything stored before may need it.
  first_signed_at timestamptz,
  -- When a process was last seen that signs with it.
  last_signed_at timestamptz,
  retired_at timestamptz,
  check ((first_signed_at is null) = (last_signed_at is null))
);

-- The running processes and the secrets that they were started with. A process updates seen_at every 30 seconds.
create table ops.secret_holders (
  process_id uuid primary key,
  host text not null,
  pid integer not null,
  roles text not null,
  signing_id text not null,
  secret_ids text[] not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
