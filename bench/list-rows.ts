import type { ClientBase } from 'pg';
import { builtInPolicy } from '../src/domain/license/issue/built-in-policies.ts';
import { tiers } from '../src/domain/license/policy.ts';
import type { Instant } from '../src/domain/time.ts';

/** The organizations of `writeListRows`: an issuer of most licenses, one of about a hundred, and a holder of many. */
export const listTenants = { big: 'org_big', small: 'org_9', holder: 'org_holder' } as const;

/** The instant of the lists. Licenses were created until a second before it. */
export const listNow: Instant = '2026-01-01T00:00:00.000Z';

/**
 * Writes rows of this many licenses into empty read models, without events. As superuser. Statuses, tiers and products
 * depend on the age of a license, so that a walk for a rare pair would pass very many others: no FREE license ends, the
 * expired, revoked and retired ones are old, and each tier has one policy now and had another.
 */
export const writeListRows = async (db: ClientBase, licenses: number): Promise<void> => {
  const { rows } = await db.query<{ name: string; definition: string }>(
    `select i.indexname as name, i.indexdef as definition from pg_indexes i
      where i.schemaname = 'rm' and i.tablename in ('licenses', 'license_products', 'license_usage_levels', 'license_last_validations') and not i.indexname like '%pkey'`,
  );
  for (const { name } of rows) await db.query(`drop index rm.${name}`);
  const policies = tiers.flatMap((tier) =>
    [`pol_${tier}`, 'pol_old'].map((policyId) => JSON.stringify(builtInPolicy(tier, policyId))),
  );
  await db.query(licenseRows, [licenses, listNow, policies]);
  await db.query(productRows);
  await db.query(levelRows, [licenses]);
  await db.query(countRows, [licenses]);
  await db.query('alter table rm.license_last_validations disable trigger user');
  await db.query(lastValidationRows);
  await db.query('alter table rm.license_last_validations enable trigger user');
  await db.query(organizationRows, [listNow]);
  await db.query(userRows, [licenses]);
  // The triggers would take longer than all other rows.
  await db.query('alter table vault.license_metadata disable trigger user');
  await db.query(metadataRows, [licenses]);
  await db.query(metadataValueRows);
  await db.query('alter table vault.license_metadata enable trigger user');
  await db.query("set maintenance_work_mem = '512MB'");
  for (const { definition } of rows) await db.query(definition);
  await db.query('vacuum analyze rm.licenses');
  await db.query('vacuum analyze rm.license_products');
  await db.query('vacuum analyze rm.license_users');
  await db.query('vacuum analyze rm.license_usage_levels');
  await db.query('vacuum analyze rm.license_last_validations');
  await db.query('vacuum analyze ops.validation_counts');
  await db.query('vacuum analyze vault.license_metadata');
  await db.query('vacuum analyze vault.license_metadata_values');
};

// `age` is 0 for the newest license and 1 for the oldest. Ten licenses have an end that no event records yet.
const licenseRows = `insert into rm.licenses (license_id, issuer_org_id, holder_org_id, revision, position, policy, tier,
    products, term_number, starts_at, expires_at, announced_term, limits, entitlements, external_ref, suspension_reason,
    suspended_since, revoked_at, activations, key_version, key_hint, created_at, time_zone,
    recorded_status, recorded_from, recorded_until, near_end_from, due_at)
  select 'lic_' || md5(n::text), issuer, holder, 1, n, ($3::jsonb[])[array_position(tiers, tier) * 2 - case when age > 0.7 then 0 else 1 end], tier,
    products, 1, created, ends, case when is_over then 1 else 0 end, '{"activations":5}', '[]', 'Sub_' || n,
    case when is_suspended then case when n % 2 = 0 then 'PAYMENT' else 'ADMIN' end end, case when is_suspended then created end,
    case when is_revoked then created + interval '1 s' end, n % 6, 1, upper(substr(md5(n::text), 1, 5)), created, 'UTC',
    case when is_revoked then 'REVOKED' when is_suspended then 'SUSPENDED' when is_over then 'EXPIRED' else 'ACTIVE' end,
    case when is_over and not is_suspended and not is_revoked then ends end,
    case when not is_over and not is_suspended and not is_revoked then ends end,
    case when tier <> 'ENTERPRISE' then ends - interval '1 day' end,
    case when not is_over and not is_revoked then ends end
  from generate_series(1, $1::integer) n
    cross join lateral (select 1 - n / $1::float8 as age, array['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as tiers,
      $2::timestamptz - make_interval(secs => $1 - n + 1) as created) a
    cross join lateral (select (array['FREE', 'FREE', 'FREE', 'TRIAL', 'PRO', 'PRO', 'PRO', 'PRO', 'PRO', 'ENTERPRISE'])[n * 7 % 10 + 1] as tier,
      case when n % 10 < 8 then '${listTenants.big}' when n % 10 = 8 then 'org_other' else 'org_' || n % ($1 / 100 + 10) end as issuer,
      case when n % 20 in (8, 11) then '${listTenants.holder}' when n % 5 < 2 then 'org_c' || n % ($1 / 200 + 5) end as holder,
      case when age > 0.97 and n % 4 = 0 then array['retired', 'local_cli'] when n % 3 = 0 then array['cloud_ide']
        when n % 3 = 1 then array['local_cli'] else array['local_cli', 'workflow_app'] end as products) b
    cross join lateral (select age > 0.6 and tier <> 'FREE' and n % 3 > 0 as is_over, age > 0.9 and n % 101 = 0 as is_suspended,
      age > 0.8 and n % 67 = 0 as is_revoked) c
    cross join lateral (select case when tier = 'FREE' then null when is_over then created + ($2 - created) / 2
      when n > $1 - 20 and n % 2 = 0 then $2 - interval '1 s' else $2 + make_interval(secs => n::bigint * 7919 % $1 + 60) end as ends) d`;

const productRows = `insert into rm.license_products (issuer_org_id, holder_org_id, license_id, product, created_at, policy_id,
    tier, recorded_status, expires_at, removed)
  select issuer_org_id, holder_org_id, license_id, product, created_at, policy_id, tier, recorded_status, expires_at, false
    from rm.licenses cross join lateral unnest(products) product`;

// A third has no device, a sixth all devices; an eleventh no seat; and the old ones all seats.
const levelRows = `insert into rm.license_usage_levels (issuer_org_id, holder_org_id, license_id, usage, level, created_at,
    tier, recorded_status)
  select issuer_org_id, holder_org_id, license_id, usage, level, created_at, tier, recorded_status from rm.licenses
    cross join lateral (values
      ('ACTIVATIONS', case when position / 7 % 6 < 2 then 'NONE' when position / 7 % 6 = 5 then 'AT_LIMIT' end),
      ('SEATS', case when position < $1::integer * 0.05 then 'AT_LIMIT' when position % 11 = 0 then 'NONE' end)) u(usage, level)
    where level is not null`;

// The old ones were never validated. Most others were validated lately, and a fifth in one of ten months before.
const countRows = `insert into ops.validation_counts (issuer_org_id, license_id, day, product, holder_org_id, validations, denied,
    last_validated_at)
  select issuer_org_id, license_id, day, '', coalesce(holder_org_id, ''), 1, 0, day + interval '12 h' from rm.licenses
    cross join lateral (select case when position % 20 < 16 then date '2026-12-20'
      else make_date(2026, 2 + (position / 20 % 10)::integer, 10) end as day) d
    where position >= $1::integer * 0.05`;

const lastValidationRows = `insert into rm.license_last_validations (issuer_org_id, holder_org_id, license_id, created_at, is_active,
    validated_on, validated_holder_org_id)
  select l.issuer_org_id, l.holder_org_id, license_id, l.created_at, l.recorded_status = 'ACTIVE', c.day, c.holder_org_id
    from rm.licenses l left join ops.validation_counts c using (license_id)`;

// A hundredth has one user, and a few have another.
const userRows = `insert into rm.license_users (issuer_org_id, holder_org_id, license_id, user_ref, revision, assigned_at)
  select issuer_org_id, holder_org_id, license_id, user_ref, 1, created_at from rm.licenses
    cross join lateral (values ('ref_many', position % 100 = 0), ('ref_few', position % ($1::integer / 20) = 9)) u(user_ref, is_user)
    where is_user`;

// Two sevenths have the region eu, and the old ones the era old.
const metadataRows = `insert into vault.license_metadata
    (license_id, issuer_org_id, holder_org_id, metadata, revision, license_created_at)
  select license_id, issuer_org_id, holder_org_id, jsonb_build_object(
      'region', case when position % 7 < 2 then 'eu' else 'us' end, 'era', case when position < $1::integer * 0.05 then 'old' else 'new' end),
    1, created_at from rm.licenses`;

const metadataValueRows = `insert into vault.license_metadata_values
    (issuer_org_id, holder_org_id, license_id, name, value, license_created_at)
  select issuer_org_id, holder_org_id, license_id, n.name, n.value, license_created_at
    from vault.license_metadata cross join lateral vault.metadata_values_of(metadata) n`;

const organizationRows = `insert into rm.organizations (organization_id, issuer_org_id, name, revision, position,
    time_zone, created_at, log_is_public, holders_get_proofs)
  select id, id, 'Holder ' || id, 1, 1, 'UTC', $1::timestamptz, false, false from (select distinct holder_org_id as id from rm.licenses
    where holder_org_id is not null) o`;
