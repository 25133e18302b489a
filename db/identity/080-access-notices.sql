-- Which changes of logins and keys may end rights; see db/ops/110-access-notices.sql.
create trigger notice_change after update on identity.users
  for each row when (
    (old.state, old.sessions_not_before) is distinct from (new.state, new.sessions_not_before)
  ) execute function ops.notice_access_change('user_id');
create trigger notice_removal after delete on identity.users
  for each row when (old.state <> 'pending') execute function ops.notice_access_change('user_id');

create trigger notice_change after update on identity.sessions
  for each row when (old.revoked_at is null and new.revoked_at is not null)
  execute function ops.notice_access_change('user_id');
-- The purge removes sessions that ended long ago.
create trigger notice_removal after delete on identity.sessions
  for each row when (old.revoked_at is null and old.expires_at > now())
  execute function ops.notice_access_change('user_id');

create trigger notice_change after update on identity.api_keys
  for each row when ((old.hash, old.revoked_at) is distinct from (new.hash, new.revoked_at))
  execute function ops.notice_access_change('issuer_org_id');
create trigger notice_removal after delete on identity.api_keys
  for each row execute function ops.notice_access_change('issuer_org_id');

-- The API took something away, and the read models may not know of it yet.
create trigger notice_change after insert or update on identity.access_changes
  for each row execute function ops.notice_access_change('issuer_org_id');
