import pg from 'pg';
import { errorCode } from './errors.ts';

/** One login and the database it owns, which bears its name. */
export type Login = {
  readonly name: 'ledger' | 'eventstore';
  readonly password: string;
  readonly mayCreateRoles: boolean;
};

/** Creates or corrects the logins and their databases; safe to repeat. `url` is a superuser's. */
export const ensureDatabases = async (url: string, logins: readonly Login[]): Promise<void> => {
  const client = new pg.Client(url);
  // A connection that breaks is also told to the query that was waiting; unheard, this would end the process.
  client.on('error', () => {});
  await connect(client);
  try {
    for (const login of logins) await ensureDatabase(client, login);
  } finally {
    await client.end();
  }
};

const ensureDatabase = async (client: pg.Client, { name, password, mayCreateRoles }: Login): Promise<void> => {
  const { rows } = await client.query<{ login: boolean; database: boolean }>(
    `select exists (select from pg_roles where rolname = $1) as login,
            exists (select from pg_database where datname = $1) as database`,
    [name],
  );
  if (!rows[0]?.login) await client.query(`create role ${name}`);
  const rights = `login nosuperuser nocreatedb noreplication nobypassrls ${mayCreateRoles ? '' : 'no'}createrole`;
  await client.query(`alter role ${name} with ${rights} password ${pg.escapeLiteral(password)}`);
  if (!rows[0]?.database) await client.query(`create database ${name} owner ${name} template template0`);
  await client.query(`revoke all on database ${name} from public`);
};

const connect = async (client: pg.Client): Promise<void> => {
  try {
    await client.connect();
  } catch (error) {
    // invalid_password
    if (errorCode(error) !== '28P01') throw error;
    throw new Error(
      'The password in secrets.json does not open the Postgres data beside it. ' +
        'Restore the secrets.json that belongs to this data, or run ledger reset to begin anew without it.',
    );
  }
};
