-- Users besides the login of the product, which is in secrets.json. The server reads this table; `ledger eventstore users`
-- changes it. A password has 256 random bits and is shown once, so a plain digest cannot be reversed by guessing.
create table eventstore.users (
  name text collate "C" primary key check (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
  may_append boolean not null,
  password_sha256 bytea not null check (octet_length(password_sha256) = 32),
  created_at timestamptz not null default now()
);
