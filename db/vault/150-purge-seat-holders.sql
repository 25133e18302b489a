-- The worker erases the names of ended seats without reading one: it may delete, and this condition chooses the rows. The
-- condition is a function of plpgsql, because a policy that names rm.leases would stay with the present version of the read
-- models. A seat that ended may come back within 25 hours, and its name with it.
create function ops.is_seat_over(issuer text, license text, lease text)
returns boolean
language plpgsql stable security invoker
set search_path = ''
as $$
begin
  return exists (select from rm.leases l where (l.issuer_org_id, l.license_id, l.lease_id) = (issuer, license, lease)
    and greatest(l.ended_at, l.seat_free_at) < now() - interval '25 hours');
end
$$;

create policy purge on vault.seat_holders for delete to ledger_worker
  using (ops.is_seat_over(issuer_org_id, license_id, lease_id));

grant execute on function ops.is_seat_over(text, text, text) to ledger_worker;
grant usage on schema vault to ledger_worker;
grant delete on vault.seat_holders to ledger_worker;
