import type { ClientBase, Pool } from 'pg';

/**
 * Keys that are not led by the organization because their first column is unique in the whole world: ids made from random
 * or derived UUIDs, HMACs, random look-up ids. Everything else would tell one tenant what another has.
 */
export const globallyUniqueKeys: readonly string[] = [
  'rm.licenses(license_id)',
  'rm.license_keys(key_hash)',
  'rm.activations(activation_id)',
  'rm.organizations(organization_id)',
  'rm.api_keys(api_key_id)',
  'identity.api_keys(api_key_id)',
  'identity.api_keys(lookup_id)',
  'vault.personal_values(ref)',
  'vault.license_metadata(license_id)',
];

/** The doors around row-level security: functions with the rights of ledger_auth, and all that ledger_auth may read. */
const definerFunctions = ['rm.license_by_key', 'identity.api_key_by_lookup'];
const readableByAuth = ['rm.license_keys', 'identity.api_keys'];

/**
 * Looks in the database's catalog for whatever would let one organization see another's rows. Returns a sentence for each
 * fault, none when all is well.
 */
export const lintCatalog = async (db: Pool | ClientBase): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (const { sql, values = [] } of checks) {
    const { rows } = await db.query<[string]>({ text: sql, values: [...values], rowMode: 'array' });
    faults.push(...rows.map(([fault]) => fault));
  }
  return faults;
};

type Check = { readonly sql: string; readonly values?: readonly unknown[] };

// The tables that belong to organizations: all of these schemas, and in ops those with an organization.
const tables = `(
  select c.oid, c.relacl, c.relowner, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
    n.nspname as schema, n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm') and (n.nspname in ('rm', 'identity', 'vault')
    or n.nspname = 'ops' and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'issuer_org_id'))
) t`;
const roles = `('ledger_owner', 'ledger_api', 'ledger_projector', 'ledger_worker', 'ledger_auth')`;
const grants = `${tables} cross join lateral aclexplode(coalesce(t.relacl, acldefault('r', t.relowner))) g`;
const grantee = `coalesce((select rolname from pg_roles r where r.oid = g.grantee), 'PUBLIC')`;

const checks: readonly Check[] = [
  {
    sql: `select 'There is nothing to check: the tables are missing.' where not exists (select from ${tables})`,
  },
  {
    sql: `select name || ' lacks row-level security, enabled and forced.' from ${tables}
      where relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)`,
  },
  {
    sql: `select name || ' has no policy.' from ${tables}
      where relkind in ('r', 'p') and not exists (select from pg_policy p where p.polrelid = t.oid)`,
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ' for everybody.' from ${tables} join pg_policy p on p.polrelid = t.oid
      where 0 = any(p.polroles)`,
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ', which lets ledger_api past its organization.'
      from ${tables} join pg_policy p on p.polrelid = t.oid join pg_roles r on r.oid = any(p.polroles) and r.rolname = 'ledger_api'
      where (p.polcmd <> 'a' and coalesce(pg_get_expr(p.polqual, p.polrelid), '') not like '%app.org_id%')
        or (p.polcmd in ('a', 'w', '*') and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') not like '%app.org_id%')`,
  },
  {
    sql: `select name || ' is a view without security_invoker, or a materialized view.' from ${tables}
      where relkind = 'm' or (relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false))`,
  },
  {
    sql: `select 'The role ' || rolname || ' can log in, is a superuser, bypasses row-level security or makes roles.' from pg_roles
      where rolname in ${roles} and (rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
  },
  {
    sql: `select 'The role ' || wanted || ' is missing.' from unnest(array[${roles.slice(1, -1)}]) wanted
      where not exists (select from pg_roles where rolname = wanted)`,
  },
  {
    sql: `select 'The role ' || m.rolname || ' is a member of ' || r.rolname || '.' from pg_auth_members x
      join pg_roles m on m.oid = x.member join pg_roles r on r.oid = x.roleid where m.rolname in ${roles}`,
  },
  {
    sql: `select 'The unique key ' || name || '(' || a.attname || ', …) is neither led by issuer_org_id nor globally unique.'
      from ${tables} join pg_index i on i.indrelid = t.oid and i.indisunique
      join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
      where a.attname <> 'issuer_org_id' and not (i.indnkeyatts = 1 and name || '(' || a.attname || ')' = any($1))`,
    values: [globallyUniqueKeys],
  },
  {
    sql: `select 'The foreign key ' || k.conname || ' of ' || name || ' is checked without regard to organizations.'
      from ${tables} join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
      where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attnum = any(k.conkey) and a.attname = 'issuer_org_id')`,
  },
  {
    sql: `select ${grantee} || ' has ' || g.privilege_type || ' on ' || name || '.' from ${grants}
      where g.grantee <> t.relowner and (g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') or g.grantee = 0)`,
  },
  {
    sql: `select ${grantee} || ' has ' || g.privilege_type || ' on ' || name || '.' from ${grants}
      where ${grantee} = 'ledger_projector' and schema <> 'rm'
        or ${grantee} = 'ledger_auth' and (g.privilege_type <> 'SELECT' or name <> all($1))
        or ${grantee} = 'ledger_api' and schema = 'rm' and g.privilege_type <> 'SELECT'`,
    values: [readableByAuth],
  },
  {
    sql: `select name || ' is not owned by ledger_owner.' from ${tables} where pg_get_userbyid(relowner) <> 'ledger_owner'`,
  },
  {
    sql: `select n.nspname || '.' || p.proname || ' runs with its owner’s rights and is not one of the known doors, or is open to all.'
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('rm', 'identity', 'vault', 'ops') and (
        p.prosecdef and not (n.nspname || '.' || p.proname = any($1) and pg_get_userbyid(p.proowner) = 'ledger_auth'
          and coalesce('search_path=""' = any(p.proconfig), false))
        or exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee = 0))`,
    values: [definerFunctions],
  },
];
