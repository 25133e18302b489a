-- The last result of "ledger verify" in full, in the only row of the table. Verifying creates no row, so it changes this one.
create table ops.last_verification (
  is_only boolean primary key default true check (is_only),
  -- Null until a verification ends.
  verified_at timestamptz,
  version text,
  is_intact boolean,
  events bigint,
  streams bigint,
  rows_compared bigint,
  damaged bigint
);
insert into ops.last_verification default values;

grant select, update on ops.last_verification to ledger_projector;
