import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { loadConfig } from '../config.ts';
import { createPasswords, isOwnAddress, passwordFault } from '../identity/passwords.ts';
import { findUserByEmail, setPassword } from '../identity/users.ts';
import { createPool } from '../projections/connect.ts';
import { prepareDatabase } from '../projections/prepare-database.ts';
import { createLog } from './create-log.ts';
import { NothingToCheck } from './exit-codes.ts';
import { printResult } from './output/print-result.ts';
import { openCommandServers } from './server/command-servers.ts';
import type { OpenServers } from './server/open-servers.ts';

type Options = { readonly stdin: boolean; readonly json: boolean };

/**
 * `ledger user reset-password <email>`: sets a random password and prints it, or sets a password from standard input.
 * Ends all sessions of the user. Updates a database of an older release first. Throws an Error and sets no password for an
 * unknown address, and NothingToCheck for a database without our schema.
 */
export const resetPasswordCommand = async (email: string, { stdin, json }: Options): Promise<void> => {
  const password = stdin ? withoutLineEnd(await text(process.stdin)) : randomBytes(18).toString('base64url');
  const fault = passwordFault(password);
  if (fault !== null) throw new Error(fault);
  if (isOwnAddress(password, email)) throw new Error('This password is the address of the user. Choose another.');

  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), 'CHANGE');
  const pool = createPool({ url: servers.apiUrl, role: 'ledger_api', max: 1, log });
  try {
    const { kind } = servers.schema;
    if (kind === 'MISSING') throw new NothingToCheck(`There is no ledger in this database. Set ${place(servers)}.`);
    // The tables of an older release may lack what this release reads.
    if (kind !== 'CURRENT')
      await prepareDatabase({ url: servers.databaseUrl, log: (fields, message) => log.info(fields, message) });
    const user = await findUserByEmail(pool, email);
    const passwordHash = await createPasswords().hash(password);
    const now = new Date(Date.now() + config.clockOffsetSeconds * 1_000);
    const isSet =
      user?.state === 'active' && (await setPassword(pool, user.userId, { passwordHash, exceptSessionId: null, now }));
    if (!isSet) throw new Error(noSuchUser(email, user?.state));
    printResult(json, { email, password: stdin ? null : password }, [
      stdin ? `The password of ${email} was changed.` : `The new password of ${email}: ${password}`,
      'All sessions have ended. Running servers notice within 2 seconds.',
    ]);
  } finally {
    await pool.end();
    await servers.stop();
  }
};

const place = ({ embedded }: OpenServers): string =>
  embedded ? 'LEDGER_DATA_DIR to the data directory of your server' : 'DATABASE_URL to the database of your server';

const noSuchUser = (email: string, state: string | undefined): string =>
  state === 'deactivated'
    ? `The login of ${email} was deactivated for good. Its password was not changed.`
    : `There is no user with the address ${email}. Nothing was changed. Check the address.`;

const withoutLineEnd = (line: string): string => line.replace(/\r?\n$/, '');
