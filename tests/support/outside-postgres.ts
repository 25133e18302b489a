import pg from 'pg';

/** The oldest Postgres that the product runs on. */
const versionMin = 160_000;

/**
 * Returns the roles of a Postgres that the run does not own. Throws with what to change when tests cannot use it. Tests
 * see all rows and create roles, so its login must be a superuser.
 */
export const inspectOutsidePostgres = async (url: string): Promise<readonly string[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number; is_superuser: boolean; roles: string[] }>(
      `select current_setting('server_version_num')::int as version, rolsuper as is_superuser,
         (select array_agg(rolname::text) from pg_roles) as roles from pg_roles where rolname = current_user`,
    );
    const [server] = rows;
    if (server === undefined || server.version < versionMin)
      throw new Error('TEST_DATABASE_URL: the tests need Postgres 16 or newer. Name another server, or unset it.');
    if (!server.is_superuser)
      throw new Error('TEST_DATABASE_URL: the tests need a superuser. Name its login and password in the URL.');
    return server.roles;
  } finally {
    await client.end();
  }
};

/**
 * Drops what the run left on a Postgres that it does not own: databases whose names begin with `prefix`, and the roles
 * `ledger_…` that were not there before. A role that another database uses stays.
 */
export const cleanOutsidePostgres = async (
  url: string,
  { prefix, rolesBefore }: { readonly prefix: string; readonly rolesBefore: readonly string[] },
): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    'select datname as name from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  const created = ownRoles.filter((role) => !rolesBefore.includes(role));
  // A role may own objects that another one was granted, so owners are dropped in any order, twice.
  for (const role of [...created, ...created])
    await client.query(`drop role if exists ${pg.escapeIdentifier(role)}`).catch(() => {});
  await client.end();
};

const ownRoles = ['ledger_owner', 'ledger_api', 'ledger_projector', 'ledger_worker', 'ledger_auth'];
