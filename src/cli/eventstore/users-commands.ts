import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../config.ts';
import { digestOf } from '../../embedded/eventstore/access/password-digest.ts';
import { NothingToCheck, RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { printResult } from '../output/print-result.ts';
import { table } from '../table.ts';
import { listUsers, withUsersDatabase } from './users-database.ts';

type Json = { readonly json: boolean };

/** The login of the product. Its password is in secrets.json. */
const productName = 'ledger';

/**
 * `ledger eventstore users add`: creates a user who may read, or also append, and prints the password once. Exits with 2
 * for a name that cannot be used, 4 when no store runs, and 5 when the user exists.
 */
export const addUserCommand = async (
  name: string,
  { append: mayAppend, json }: Json & { readonly append: boolean },
): Promise<void> => {
  checkName(name);
  await withUsersDatabase(loadConfig(), async (db, storeUrl) => {
    const password = randomBytes(32).toString('base64url');
    const { rowCount } = await db.query(
      `insert into eventstore.users (name, may_append, password_sha256) values ($1, $2, $3) on conflict do nothing`,
      [name, mayAppend, digestOf(password)],
    );
    if (rowCount === 0)
      throw new RefusedByPolicy(
        `The user ${name} exists. For a new password, remove it with ledger eventstore users remove ${name} and add it again.`,
      );
    const url = storeUrl === null ? null : withLogin(storeUrl, name, password);
    printResult(json, { name, mayAppend, password, url }, [
      `Created ${name}, who may ${mayAppend ? 'read and append' : 'read and subscribe'}. The password is shown only now.`,
      '',
      `  user      ${name}`,
      `  password  ${password}`,
      ...(url === null ? [] : [`  URL       ${url}`]),
    ]);
  });
};

/** `ledger eventstore users list`: prints the users. Exits with 4 when no store runs. */
export const listUsersCommand = async ({ json }: Json): Promise<void> => {
  const users = await withUsersDatabase(loadConfig(), listUsers);
  const all = [{ name: productName, mayAppend: true, createdAt: null }, ...users];
  const cells = all.map(({ name, mayAppend, createdAt }) => [
    name,
    mayAppend ? 'read, append' : 'read',
    createdAt ?? 'the product; its password is in secrets.json',
  ]);
  printResult(json, all, [table(['user', 'may', 'created'], cells)]);
};

/**
 * `ledger eventstore users remove`: the user is refused within a second, and its open calls end. Exits with 4 when no
 * store runs, and 6 when there is no such user.
 */
export const removeUserCommand = async (name: string, { json }: Json): Promise<void> => {
  if (name === productName)
    throw new RefusedByPolicy(`${productName} is the login of the product. It cannot be removed.`);
  await withUsersDatabase(loadConfig(), async (db) => {
    const { rowCount } = await db.query('delete from eventstore.users where name = $1', [name]);
    if (rowCount === 0)
      throw new NothingToCheck(`There is no user ${name}. ledger eventstore users list has the names.`);
    printResult(json, { removed: name }, [`Removed ${name}. Its open calls end within a second.`]);
  });
};

const checkName = (name: string): void => {
  if (name === productName) throw new UsageError(`${productName} is the login of the product. Use another name.`);
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(name))
    throw new UsageError('A user has 1 to 40 of a-z, 0-9, _ and -, and begins with a letter.');
};

/** Returns the URL of a store with another login. An insecure store has none. */
const withLogin = (storeUrl: string, name: string, password: string): string =>
  storeUrl.replace(/^(esdb:\/\/)[^@/]*@/, `$1${name}:${password}@`);
