-- Who reads the rows of all organizations for a backup, and when the last one was made. The role reads and writes nothing
-- else: no policy lets it change a row. Roles belong to the whole cluster, so another database may create it at this moment.
reset role;
do $$
begin
  for attempt in 1..20 loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = 'ledger_backup') then
        create role ledger_backup nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
      end if;
      if not pg_catalog.pg_has_role(session_user, 'ledger_backup', 'SET') then
        execute format('grant ledger_backup to %I with inherit false, set true', session_user);
      end if;
      exit;
    exception
      -- Another database was faster, or changes the same row of the shared catalog.
      when duplicate_object or unique_violation or internal_error then
        if attempt = 20 then raise; end if;
      when insufficient_privilege then
        raise exception 'The login % may neither create nor become the role ledger_backup.', session_user
          using hint = format('Ask an administrator to run: alter role %I createrole; or: create role ledger_backup nologin; '
            'grant ledger_backup to %1$I with set true.', session_user);
    end;
  end loop;
end
$$;
set local role ledger_owner;

grant usage on schema ops to ledger_backup;
grant select on ops.idempotency, ops.first_organization, ops.lease_liveness, ops.license_check_ins, ops.vault_references,
  ops.mails, ops.validation_counts, ops.device_sightings, ops.license_denials, ops.secrets to ledger_backup;
create policy backup on ops.idempotency for select to ledger_backup using (true);
create policy backup on ops.lease_liveness for select to ledger_backup using (true);
create policy backup on ops.license_check_ins for select to ledger_backup using (true);
create policy backup on ops.vault_references for select to ledger_backup using (true);
create policy backup on ops.mails for select to ledger_backup using (true);
create policy backup on ops.validation_counts for select to ledger_backup using (true);
create policy backup on ops.device_sightings for select to ledger_backup using (true);
create policy backup on ops.license_denials for select to ledger_backup using (true);

-- The newest complete backup, in the only row of the table. A restored database has none.
create table ops.last_backup (
  is_only boolean primary key default true check (is_only),
  -- All null until a backup ends.
  backup_id uuid,
  started_at timestamptz,
  finished_at timestamptz,
  -- The release that made it.
  version text,
  -- Whether the log is in it, and the commit position that it has the log up to.
  has_log boolean,
  log_position bigint,
  row_count bigint,
  byte_count bigint
);
insert into ops.last_backup default values;
grant select on ops.last_backup to ledger_api, ledger_projector;

-- The backup that this database was restored from. Written in the transaction that restores the rows, so a restore that was
-- killed goes on where the row says. No row: the database was not restored.
create table ops.last_restore (
  is_only boolean primary key default true check (is_only),
  backup_id uuid not null,
  -- The digest of the manifest.
  digest text not null,
  restored_at timestamptz not null default clock_timestamp(),
  -- When the read models were built and the log was opened. Null: the restore is not complete.
  finished_at timestamptz
);
grant select on ops.last_restore to ledger_projector;
