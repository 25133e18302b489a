-- The tree over the log of each issuer (rm.log_entries) in the tiles of C2SP tlog-tiles, and what the notary signed. All but
-- the cosignatures follows from rm.log_entries and the streams checkpoint-….

-- How many leaves the tiles have. The notary moves it in the transaction of the tiles, by compare-and-set.
create table ops.log_trees (
  issuer_org_id text primary key,
  size bigint not null check (size >= 0),
  -- How often the notary took a row of ops.log_growth, and for how many of them the tiles have all leaves.
  grown bigint not null default 0,
  caught_up bigint not null default 0,
  -- When the oldest leaf without a checkpoint came to the tiles, and when the next checkpoint is due. Null: all are signed.
  unsigned_since timestamptz,
  due_at timestamptz,
  check ((unsigned_since is null) = (due_at is null))
);
create index log_trees_growing on ops.log_trees (issuer_org_id) where grown > caught_up;
create index log_trees_due on ops.log_trees (due_at) where due_at is not null;
create index log_trees_unsigned on ops.log_trees (unsigned_since) where unsigned_since is not null;

-- The issuers with entries that the notary has not taken note of. The projector adds or locks a row with the entries, one
-- for each issuer, and the notary removes it after the commit of the entries.
create table ops.log_growth (
  issuer_org_id text primary key
);

-- A full tile has 256 hashes and never changes. Of each level at most one is partial; it grows in place.
create table ops.log_tiles (
  issuer_org_id text not null,
  level smallint not null check (level between 0 and 63),
  tile_index bigint not null check (tile_index >= 0),
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (issuer_org_id, level, tile_index)
);
-- Hashes cannot be compressed.
alter table ops.log_tiles alter column hashes set storage external;

-- The signed checkpoints, one row for each event CheckpointSigned.
create table ops.log_checkpoints (
  issuer_org_id text not null,
  -- Of the event in checkpoint-….
  revision bigint not null,
  origin text not null,
  size bigint not null check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  -- The signed note without cosignatures.
  note text not null,
  signed_at timestamptz not null,
  primary key (issuer_org_id, revision)
);
create index log_checkpoints_by_size on ops.log_checkpoints (issuer_org_id, size, revision);

-- The public keys, one row for each event that begins the use of a key: LogStarted, LogKeyRotated, LogRestarted.
create table ops.log_keys (
  issuer_org_id text not null,
  revision bigint not null,
  origin text not null,
  vkey text not null,
  since timestamptz not null,
  primary key (issuer_org_id, revision)
);

-- What witnesses signed: a line of the note for each. It exists nowhere else.
create table ops.log_cosignatures (
  issuer_org_id text not null,
  revision bigint not null,
  key_name text not null,
  key_id text not null check (key_id ~ '^[0-9a-f]{8}$'),
  line text not null,
  cosigned_at timestamptz not null,
  primary key (issuer_org_id, revision, key_name, key_id)
);

-- Who waits for a checkpoint. The notary removes the row when it has signed so many leaves, however much the log grows meanwhile.
create table ops.log_demands (
  issuer_org_id text primary key,
  leaves bigint not null default 0,
  demanded_at timestamptz not null default now()
);

-- The name of the installation in new logs, where LEDGER_ORIGIN names none. A log that exists has its own in its stream.
create table ops.log_installation (
  is_only boolean primary key default true check (is_only),
  name text not null
);
grant select, insert on ops.log_installation to ledger_worker;

do $$
declare
  table_name text;
  column_names text;
begin
  foreach table_name in array array['log_trees', 'log_tiles', 'log_checkpoints', 'log_keys', 'log_cosignatures',
    'log_demands', 'log_growth'] loop
    select string_agg(quote_ident(a.attname), ', ') into column_names from pg_attribute a
      where a.attrelid = format('ops.%I', table_name)::regclass and a.attnum > 0 and not a.attisdropped;
    execute format('alter table ops.%I enable row level security', table_name);
    execute format('alter table ops.%I force row level security', table_name);
    execute format('create policy notary on ops.%I to ledger_worker using (true) with check (true)', table_name);
    -- The sweeps have the same role, so it reads only the columns that exist today.
    execute format('grant select (%s), insert, update, delete on ops.%I to ledger_worker', column_names, table_name);
    continue when table_name = 'log_growth';
    execute format($policy$create policy issuer_reads on ops.%I for select to ledger_api
      using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')))$policy$, table_name);
    -- A log covers all products.
    execute format($policy$create policy within_products on ops.%I as restrictive for select to ledger_api
      using ((select nullif(current_setting('app.products', true), '')) is null)$policy$, table_name);
    execute format('grant select on ops.%I to ledger_api', table_name);
  end loop;
end
$$;

create policy issuer_demands on ops.log_demands for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
grant insert on ops.log_demands to ledger_api;

create policy projector on ops.log_growth to ledger_projector using (true) with check (true);
grant select, insert, update on ops.log_growth to ledger_projector;

create policy backup on ops.log_cosignatures for select to ledger_backup using (true);
grant select on ops.log_cosignatures to ledger_backup;

-- `ledger verify` compares the tiles, checkpoints and keys of all issuers, except what the notary has yet to write.
create policy verifier on ops.log_trees for select to ledger_projector using (true);
create policy verifier on ops.log_tiles for select to ledger_projector using (true);
create policy verifier on ops.log_checkpoints for select to ledger_projector using (true);
create policy verifier on ops.log_keys for select to ledger_projector using (true);
create policy verifier on ops.log_demands for select to ledger_projector using (true);
grant select on ops.log_trees, ops.log_tiles, ops.log_checkpoints, ops.log_keys, ops.log_demands to ledger_projector;
