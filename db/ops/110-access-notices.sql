-- Tells every process that rights may have ended, in the transaction that ends them. So it does not matter who changes the
-- row: the API of another process, a command, a worker or the projector. The notice is the id of an organization or a
-- user, or * for all of them. Processes then read again what they remember.
--
-- Arguments: the column with the id, or *; and a prefix that the id has in that column.
create function ops.notice_access_change() returns trigger
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  subject text := tg_argv[0];
begin
  if subject <> '*' then
    subject := case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end ->> tg_argv[0];
    if tg_nargs > 1 then subject := substr(subject, length(tg_argv[1]) + 1); end if;
  end if;
  perform pg_notify('ledger_access', subject);
  return null;
end
$$;

-- The read models leave a parked stream out, so they no longer say what its organization has taken away.
create trigger notice_access_change after insert on ops.parked
  for each row when (new.stream like 'organization-%') execute function ops.notice_access_change('stream', 'organization-');

-- Other read models serve.
create trigger notice_access_change after update of state, is_level, is_of_other_log on ops.projection_versions
  for each row when (
    (old.state, old.is_level, old.is_of_other_log) is distinct from (new.state, new.is_level, new.is_of_other_log)
  ) execute function ops.notice_access_change('*');
