-- Several users' names and addresses in one round trip, for a list of members: each row is read as its own user, so the
-- caller must have made sure that it may be shown. The setting ends with the call.
create function identity.user_profiles(wanted text[])
returns table (user_id text, email text, display_name text, state text)
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  each text;
begin
  foreach each in array wanted loop
    perform set_config('app.user_id', each, true);
    return query select u.user_id, u.email, u.display_name, u.state from identity.users u where u.user_id = each;
  end loop;
  perform set_config('app.user_id', '', true);
end
$$;

grant execute on function identity.user_profiles(text[]) to ledger_api;
