/** A query of the catalog that returns a sentence for each fault. */
export type Check = { readonly sql: string; readonly values?: readonly unknown[] };

/** The exceptions from the general rules, by the names of tables and functions with their schema. */
export type RowSecurity = {
  /** Unique keys that do not begin with the organization, as `table(column)`. */
  readonly globallyUniqueKeys: readonly string[];
  /** Tables with rows that belong to a user, by user_id, and to no organization. */
  readonly userOwned: readonly string[];
  /** Functions that run with the rights of ledger_auth and therefore see the rows of every organization. */
  readonly definerFunctions: readonly string[];
  /** Everything that ledger_auth may read. */
  readonly readableByAuth: readonly string[];
  /** The only columns that ledger_auth may read of their tables, as `table(column)`. */
  readonly columnsReadableByAuth: readonly string[];
  /** Tables of no organization that every role may read. */
  readonly readableByAll: readonly string[];
  /** Tables of no organization that ledger_api writes, too. */
  readonly writtenByApi: readonly string[];
  /** Tables of ops that `ledger verify` reads as ledger_projector, of all organizations. */
  readonly readableByVerify: readonly string[];
  /** Tables that the projector writes and organizations read. */
  readonly keptByProjector: readonly string[];
  /**
   * The rows that ledger_worker may see and remove of users and of read models, and remove unseen of the vault, as `table: condition` in the form of
   * Postgres.
   */
  readonly purgeable: readonly string[];
  /**
   * The only columns of the read models that ledger_api may change, as `table(column)`, in rows of its own
   * organization. No event has their values.
   */
  readonly columnsWrittenByApi: readonly string[];
  /** Tables of the read models that API keys limited to products read, too, because they are about no product. */
  readonly ofAllProducts: readonly string[];
  /** Everything that ledger_backup may read, of all organizations. It may change nothing. */
  readonly readableByBackup: readonly string[];
};

// The policies of ledger_api in the form of Postgres. With the parentheses it reads the setting once per statement.
const isSetting = (column: string, setting: string) =>
  `(${column} = ( SELECT NULLIF(current_setting('${setting}'::text, true), ''::text) AS "nullif"))`;
const issuerOnly = isSetting('issuer_org_id', 'app.org_id');
const issuerOrHolder = `(${issuerOnly} OR ${isSetting('holder_org_id', 'app.org_id')})`;
// For the event of a transfer, which both holders read.
const issuerOrEitherHolder = `(${issuerOnly} OR ${isSetting('holder_org_id', 'app.org_id')} OR ${isSetting('previous_holder_org_id', 'app.org_id')})`;
const userOnly = isSetting('user_id', 'app.user_id');

const roles = `('ledger_owner', 'ledger_api', 'ledger_projector', 'ledger_worker', 'ledger_auth', 'ledger_backup')`;
// Another version of the read models follows the same rules and exemptions as the serving one. While a rebuild loads
// its rows, row-level security does not bind the owner of its tables; see rebuild/bulk-load.ts.
const ourSchemas = `(n.nspname in ('rm', 'identity', 'vault', 'ops') or n.nspname ~ '^rm_v[0-9]+(_loading)?$')`;
const generalSchema = `regexp_replace(n.nspname, '^rm_v[0-9]+(_loading)?$', 'rm')`;

// Every table. "owned" is true for rows of organizations or users. Some tables in ops have no such rows.
const everythingOf = (userOwned: readonly string[]) => `(
  select c.oid, of_user, case when of_user then 'user_id' else 'issuer_org_id' end as owner_column,
    c.relacl, c.relowner, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
    n.nspname ~ '_loading$' as is_loading,
    ${generalSchema} as schema, n.nspname || '.' || c.relname as name, ${generalSchema} || '.' || c.relname as general,
    n.nspname <> 'ops' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'issuer_org_id') as owned
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select n.nspname || '.' || c.relname = any(array['${userOwned.join("', '")}']) as of_user) owner
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ourSchemas}
)`;

// Grants on tables and on their columns.
const grants = (relation: string) => `(
  select t.*, g.grantee, g.privilege_type, null as column_name
    from ${relation} t cross join lateral aclexplode(coalesce(t.relacl, acldefault('r', t.relowner))) g
  union all select t.*, g.grantee, g.privilege_type, a.attname
    from ${relation} t join pg_attribute a on a.attrelid = t.oid cross join lateral aclexplode(a.attacl) g
) g`;
const grantee = `coalesce((select rolname from pg_roles r where r.oid = g.grantee), 'PUBLIC')`;
const granted = `select ${grantee} || ' has ' || g.privilege_type || ' on ' || name || coalesce('(' || column_name || ')', '') || '.'`;

/** Returns the checks of tables, roles, keys, grants and functions. */
export const checksOf = (rules: RowSecurity): readonly Check[] => {
  const everything = everythingOf(rules.userOwned);
  const tables = `(select * from ${everything} all_tables where owned) t`;
  return [
    ...checksOfTables(tables, rules),
    ...checksOfRoles,
    ...checksOfKeys(tables, rules),
    ...checksOfGrants(everything, rules),
    ...checksOfFunctions(rules),
  ];
};

const checksOfTables = (
  tables: string,
  { readableByAuth, purgeable, ofAllProducts }: RowSecurity,
): readonly Check[] => [
  {
    sql: `select 'There is nothing to check: the tables of ' || expected || ' are missing.'
      from unnest(array['rm', 'identity', 'vault', 'ops']) expected
      where not exists (select from ${tables} where schema = expected)`,
  },
  {
    sql: `select name || ' lacks row-level security, enabled and forced.' from ${tables}
      where relkind in ('r', 'p') and not (relrowsecurity and (relforcerowsecurity or is_loading))`,
  },
  {
    sql: `select name || ' has no policy.' from ${tables}
      where relkind in ('r', 'p') and not exists (select from pg_policy p where p.polrelid = t.oid)`,
  },
  {
    sql: `select name || ' lacks ' || owner_column || ' text not null.' from ${tables}
      where relkind in ('r', 'p') and not exists (select from pg_attribute a where a.attrelid = t.oid
        and a.attname = owner_column and a.atttypid = 'text'::regtype and a.attnotnull)`,
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ' for everybody.' from ${tables} join pg_policy p on p.polrelid = t.oid
      where 0 = any(p.polroles)`,
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ', which lets ledger_api past its '
        || case when of_user then 'user.' else 'organization.' end
      from ${tables} join pg_policy p on p.polrelid = t.oid join pg_roles r on r.oid = any(p.polroles) and r.rolname = 'ledger_api'
      where p.polpermissive and ((p.polcmd <> 'a' and not coalesce(pg_get_expr(p.polqual, p.polrelid)
          = any(case when of_user then array[$3] when p.polcmd = 'r' then array[$1, $2, $4] else array[$1] end), false))
        or (p.polcmd in ('a', 'w', '*')
          and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') <> case when of_user then $3 else $1 end))`,
    values: [issuerOnly, issuerOrHolder, userOnly, issuerOrEitherHolder],
  },
  {
    sql: `select name || ' lacks the restrictive policy within_products, so an API key that is limited to products sees all of it.'
      from ${tables} where schema = 'rm' and has_table_privilege('ledger_api', t.oid, 'select') and general <> all($1)
        and not exists (select from pg_policy p join pg_roles r on r.oid = any(p.polroles) and r.rolname = 'ledger_api'
          where p.polrelid = t.oid and p.polname = 'within_products' and not p.polpermissive and p.polcmd = 'r'
            and pg_get_expr(p.polqual, p.polrelid) like $2)`,
    values: [ofAllProducts, `%CASE%current_setting('app.products'::text, true)%`],
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ', which lets ' || r.rolname || ' see rows of users.'
      from ${tables} join pg_policy p on p.polrelid = t.oid join pg_roles r on r.oid = any(p.polroles)
      where of_user and r.rolname <> 'ledger_api'
        and not (r.rolname = 'ledger_auth' and p.polcmd = 'r' and general = any($1))
        and not (r.rolname = 'ledger_backup' and p.polcmd = 'r')
        and not (r.rolname = 'ledger_worker' and p.polcmd in ('r', 'd')
          and general || ': ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '') = any($2))`,
    values: [readableByAuth, purgeable],
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ', which lets ledger_worker remove rows.'
      from ${tables} join pg_policy p on p.polrelid = t.oid join pg_roles r on r.oid = any(p.polroles) and r.rolname = 'ledger_worker'
      where schema in ('rm', 'vault') and p.polcmd in ('d', '*')
        and general || ': ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '') <> all($1)`,
    values: [purgeable],
  },
  {
    sql: `select name || ' has the policy ' || p.polname || ', which lets ledger_backup change rows.'
      from ${tables} join pg_policy p on p.polrelid = t.oid join pg_roles r on r.oid = any(p.polroles) and r.rolname = 'ledger_backup'
      where p.polcmd <> 'r'`,
  },
  {
    sql: `select name || ' is a view without security_invoker=true, a materialized view or a foreign table.' from ${tables}
      where relkind in ('m', 'f') or (relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false))`,
  },
];

const checksOfRoles: readonly Check[] = [
  {
    sql: `select 'The role ' || rolname || ' can log in, is a superuser, bypasses row-level security or makes roles.' from pg_roles
      where rolname in ${roles} and (rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
  },
  {
    sql: `select 'The role ' || expected || ' is missing.' from unnest(array[${roles.slice(1, -1)}]) expected
      where not exists (select from pg_roles where rolname = expected)`,
  },
  {
    sql: `select 'The role ' || m.rolname || ' is a member of ' || r.rolname || '.' from pg_auth_members x
      join pg_roles m on m.oid = x.member join pg_roles r on r.oid = x.roleid where m.rolname in ${roles}`,
  },
];

const checksOfKeys = (tables: string, { globallyUniqueKeys }: RowSecurity): readonly Check[] => [
  {
    sql: `select 'The unique key ' || name || '(' || a.attname || ', …) is neither led by ' || owner_column || ' nor globally unique.'
      from ${tables} join pg_index i on i.indrelid = t.oid and i.indisunique
      join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
      where a.attname <> owner_column and not (i.indnkeyatts = 1 and general || '(' || a.attname || ')' = any($1))`,
    values: [globallyUniqueKeys],
  },
  {
    sql: `select 'A unique key of ' || name || ' is led by an expression.' from ${tables}
      join pg_index i on i.indrelid = t.oid and i.indisunique and i.indkey[0] = 0`,
  },
  {
    sql: `select 'The foreign key ' || k.conname || ' of ' || name || ' is checked without regard to organizations.'
      from ${tables} join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
      where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attnum = any(k.conkey) and a.attname = owner_column)`,
  },
  {
    sql: `select n.nspname || '.' || c.relname || ' is a sequence: its numbers tell one organization what others do.'
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and ${ourSchemas} and n.nspname <> 'ops'`,
  },
];

const checksOfGrants = (everything: string, rules: RowSecurity): readonly Check[] => [
  {
    sql: `${granted} from ${grants(everything)}
      where g.grantee <> relowner and (privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') or g.grantee = 0)`,
  },
  {
    sql: `${granted} from ${grants(everything)}
      where ${grantee} = 'ledger_projector' and schema <> 'rm'
          and (owned and general <> all($3) and (privilege_type <> 'SELECT' or general <> all($9)) or schema <> 'ops')
        or ${grantee} = 'ledger_auth' and (privilege_type <> 'SELECT' or general <> all($1)
          or general = any(select split_part(readable, '(', 1) from unnest($4::text[]) readable)
            and general || '(' || coalesce(column_name, '') || ')' <> all($4))
        or ${grantee} = 'ledger_api' and (schema = 'rm' or not owned or general = any($3)) and privilege_type <> 'SELECT'
          and general <> all($7)
          and not (privilege_type = 'UPDATE' and coalesce(general || '(' || column_name || ')' = any($6), false))
        or ${grantee} = 'ledger_worker' and owned and (column_name is null and privilege_type = 'SELECT'
          or schema <> 'ops' and (schema <> 'rm' or privilege_type <> 'SELECT')
            and not (of_user and (column_name is not null and privilege_type = 'SELECT' or privilege_type = 'DELETE'))
            and not (privilege_type = 'DELETE' and general = any(select split_part(purged, ':', 1) from unnest($5::text[]) purged)))
        or ${grantee} = 'ledger_backup' and (privilege_type <> 'SELECT' or general <> all($8))
        or ${grantee} in ('ledger_api', 'ledger_worker') and not owned and general <> all($2)
          and not (${grantee} = 'ledger_api' and general = any($7))`,
    values: [
      rules.readableByAuth,
      rules.readableByAll,
      rules.keptByProjector,
      rules.columnsReadableByAuth,
      rules.purgeable,
      rules.columnsWrittenByApi,
      rules.writtenByApi,
      rules.readableByBackup,
      rules.readableByVerify,
    ],
  },
  {
    sql: `select name || ' is not owned by ledger_owner.' from ${everything} t where pg_get_userbyid(relowner) <> 'ledger_owner'`,
  },
  {
    sql: `select ${grantee} || ' may create in the schema ' || n.nspname || '.'
      from pg_namespace n cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g
      where ${ourSchemas} and g.privilege_type = 'CREATE' and ${grantee} <> 'ledger_owner'`,
  },
];

const checksOfFunctions = ({ definerFunctions }: RowSecurity): readonly Check[] => [
  {
    sql: `select n.nspname || '.' || p.proname || ' runs with its owner’s rights and is not one of the known doors, or is open to all.'
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${ourSchemas} and (
        p.prosecdef and not (${generalSchema} || '.' || p.proname = any($1) and pg_get_userbyid(p.proowner) = 'ledger_auth'
          and coalesce('search_path=""' = any(p.proconfig), false))
        or exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee = 0))`,
    values: [definerFunctions],
  },
  {
    sql: `select n.nspname || '.' || p.proname || ' is marked leakproof, so Postgres shows it rows before it hides them.'
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ourSchemas} and p.proleakproof`,
  },
];
