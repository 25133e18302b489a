-- The last denials of a license: at most 100, and one per code, device and minute. Telemetry like heartbeats: no event, not
-- rebuilt.
create table ops.license_denials (
  issuer_org_id text not null,
  license_id text not null,
  code text not null,
  -- The beginning of the keyed hash of the fingerprint, which is no fingerprint; empty: no device was named.
  device text not null,
  minute timestamptz not null,
  -- The holder then. A later holder does not see the denials of an earlier one.
  holder_org_id text,
  denied_at timestamptz not null,
  product text,
  version text,
  -- Only when the policy says so: 24 bits of an IPv4 address, 64 of an IPv6 address.
  address_prefix text,
  primary key (issuer_org_id, license_id, code, device, minute)
);

create index license_denials_newest on ops.license_denials (issuer_org_id, license_id, denied_at, code, device);
create index license_denials_oldest on ops.license_denials (denied_at);

alter table ops.license_denials enable row level security;
alter table ops.license_denials force row level security;
create policy tenant_reads on ops.license_denials for select to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), ''))
    or holder_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_notes on ops.license_denials for insert to ledger_api
  with check (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy issuer_trims on ops.license_denials for delete to ledger_api
  using (issuer_org_id = (select nullif(current_setting('app.org_id', true), '')));
create policy purge_sees on ops.license_denials for select to ledger_worker
  using (denied_at < now() - interval '400 days');
create policy purge on ops.license_denials for delete to ledger_worker
  using (denied_at < now() - interval '400 days');

grant select, insert, delete on ops.license_denials to ledger_api;
grant select (denied_at), delete on ops.license_denials to ledger_worker;

-- Notes the denials of many organizations in one round trip, like ops.note_validations, and trims their licenses to the last
-- 100.
create function ops.note_denials(batch jsonb)
returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  issuer text;
  entries jsonb;
begin
  for issuer, entries in select e.key, e.value from jsonb_each(batch) e order by e.key loop
    perform set_config('app.org_id', issuer, true);
    insert into ops.license_denials
      (issuer_org_id, license_id, code, device, minute, holder_org_id, denied_at, product, version, address_prefix)
    select issuer, e.license_id, e.code, e.device, date_trunc('minute', e.denied_at, 'UTC'), e.holder_org_id, e.denied_at,
        e.product, e.version, e.address_prefix
      from jsonb_to_recordset(entries) e(license_id text, code text, device text, holder_org_id text, denied_at timestamptz,
        product text, version text, address_prefix text)
      order by e.license_id, e.code, e.device
    on conflict (issuer_org_id, license_id, code, device, minute) do nothing;
    delete from ops.license_denials d
      using (select distinct e.license_id from jsonb_to_recordset(entries) e(license_id text)) l
        cross join lateral (
          select n.denied_at, n.code, n.device from ops.license_denials n
          where n.issuer_org_id = issuer and n.license_id = l.license_id
          order by n.denied_at desc, n.code desc, n.device desc offset 99 limit 1) last
      where d.issuer_org_id = issuer and d.license_id = l.license_id
        and (d.denied_at, d.code, d.device) < (last.denied_at, last.code, last.device);
  end loop;
  perform set_config('app.org_id', '', true);
end
$$;

grant execute on function ops.note_denials(jsonb) to ledger_api;
