import pg from 'pg';
import { errorCode } from './errors.ts';

/** A login, and the database of the same name that it owns. */
export type Login = {
  readonly name: 'ledger' | 'eventstore';
  readonly password: string;
  readonly mayCreateRoles: boolean;
};

/** Creates or corrects the logins and their databases. Safe to repeat. `url`: the URL of a superuser. */
export const ensureDatabases = async (url: string, logins: readonly Login[]): Promise<void> => {
  const client = new pg.Client(url);
  // The waiting query also rejects when the connection breaks. An 'error' event without a listener would end the
  // process.
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
    // This is the code of invalid_password.
    if (errorCode(error) !== '28P01') throw error;
    throw new Error(
      'The password in secrets.json does not open the Postgres data next to it. ' +
        'Restore the secrets.json that belongs to this data, or run ledger reset to delete the data and start again.',
    );
  }
};
