-- "Not yet" is not "no": a version of the read models is level once it contains the log up to where it ended when the
-- version's build began. Nobody reads from a version before, nor from one that another release made.
alter table ops.projection_versions
  -- The number of the release that made it; 0: a release that had no number yet.
  add column release integer not null default 0,
  -- The highest number of a release that has projected into it. A lower release stands by.
  add column projected_by integer not null default 0,
  -- The commit position at which the log ended when the build began; 0: the log was empty. Null: not known yet.
  add column goal bigint,
  -- How far a build has folded the log that does not move its checkpoint meanwhile; for its progress only.
  add column folded bigint,
  add column is_level boolean not null default false,
  -- The log is not the one that it was made from: its positions mean nothing.
  add column is_of_other_log boolean not null default false;

-- Releases without a number let every version serve at once.
update ops.projection_versions set is_level = true where state <> 'building';

grant update (projected_by, goal, folded, is_level, is_of_other_log) on ops.projection_versions to ledger_projector;

-- The sentence that says why this session must not read the read models; null when it may. Connections say by the
-- settings ledger.shape and ledger.release which release they belong to; those of a release without a number say
-- neither.
create function ops.read_models_fault() returns text
language plpgsql stable security invoker
set search_path = ''
as $$
declare
  own_shape text := nullif(current_setting('ledger.shape', true), '');
  own_release integer := coalesce(nullif(current_setting('ledger.release', true), '')::integer, 0);
  serving record;
  building record;
begin
  select v.shape, v.release, v.is_level, v.goal, coalesce(k.commit_position, 0) as folded into serving
    from ops.projection_versions v left join ops.checkpoints k using (projection, version)
    where v.projection = 'read-models' and v.state = 'active';
  if not found then
    return 'The database has no read models yet. Run "ledger start".';
  end if;
  if serving.shape = own_shape or own_shape is null and serving.release = 0 then
    if serving.is_level then return null; end if;
    return 'The read models are being built: ' || ops.progress_of(serving.folded, serving.goal) || '. Try again later.';
  end if;
  if serving.release > own_release then
    return format('The read models of release %s serve, and this process is of release %s. Update this process.',
      serving.release, own_release);
  end if;
  select v.goal, coalesce(v.folded, 0) as folded into building from ops.projection_versions v
    where v.projection = 'read-models' and v.state = 'building' and v.shape = own_shape;
  if found then
    return 'The read models of this release are being built: ' || ops.progress_of(building.folded, building.goal)
      || '. Try again later.';
  end if;
  return format('The read models of release %s serve, and those of this process, of release %s, are not built yet. '
    'Start a process of this release with the role projector, or run "ledger rebuild".', serving.release, own_release);
end
$$;

create function ops.progress_of(folded bigint, goal bigint) returns text
language sql immutable security invoker
set search_path = ''
as $$
  select case when goal is null then 'no event is read yet'
    else least(99, 100 * folded / greatest(goal, 1)) || ' % of the log is folded' end
$$;

-- Refuses a transaction that must not read the read models. Until its end no version of another shape comes to serve:
-- the switch to one waits for the lock that is taken here. Call it before reading. 57P03 is what every release answers
-- with 503.
create function ops.require_read_models() returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  fault text;
begin
  perform pg_advisory_xact_lock_shared(7203114560);
  -- The usual case, in one look.
  if exists (select from ops.projection_versions v
      where v.projection = 'read-models' and v.state = 'active' and v.is_level
        and v.shape = current_setting('ledger.shape', true)) then
    return;
  end if;
  fault := ops.read_models_fault();
  if fault is not null then
    raise exception using errcode = '57P03', message = fault, constraint = 'read_models';
  end if;
end
$$;

-- As above, for a function of the read models, which gives its own oid. One that was called before a switch and has waited for
-- it belongs to the version of before, and must not go on over the tables of the new one.
create function ops.require_read_models(routine oid) returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  perform ops.require_read_models();
  if (select p.pronamespace from pg_catalog.pg_proc p where p.oid = routine) <> 'rm'::pg_catalog.regnamespace then
    raise exception using errcode = '57P03', constraint = 'read_models',
      message = 'Other read models have just taken over. Try again.';
  end if;
end
$$;

-- A projector of a lower release would write rows that lack what the higher one knows.
create function ops.refuse_lower_release() returns trigger
language plpgsql security invoker
set search_path = ''
as $$
declare
  projected_by integer := (select v.projected_by from ops.projection_versions v
    where v.projection = new.projection and v.version = new.version);
begin
  if coalesce(nullif(current_setting('ledger.release', true), '')::integer, 0) < projected_by then
    raise exception using errcode = '57P03', constraint = 'read_models',
      message = format('Release %s projects into version %s of the read models. Update this process.',
        projected_by, new.version);
  end if;
  return new;
end
$$;

create trigger refuse_lower_release before update on ops.checkpoints
  for each row when (current_user = 'ledger_projector') execute function ops.refuse_lower_release();

grant execute on function ops.read_models_fault(), ops.progress_of(bigint, bigint), ops.require_read_models(),
  ops.require_read_models(oid)
  to ledger_api, ledger_projector, ledger_worker, ledger_auth;
grant select on ops.projection_versions to ledger_worker, ledger_auth;
grant select on ops.checkpoints to ledger_auth;

-- The program that parked a stream: another one tries again. Empty: one that did not say.
alter table ops.parked add column program text not null default '';
