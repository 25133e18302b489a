import { access, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Config, InvalidConfiguration } from '../../config.ts';
import { errorCode, errorText } from '../../embedded/errors.ts';
import { ensureSecret, readSecrets } from '../../embedded/stored-secrets.ts';
import { missingSecrets } from '../../identity/secret-records/judge-secrets.ts';
import { parseSecrets } from '../../identity/secrets.ts';
import { RefusedByPolicy, UsageError } from '../exit-codes.ts';
import type { Manifest } from './manifest.ts';

/** Returns LEDGER_SECRET of a configuration, or undefined when there is none. Creates none. */
export const existingLedgerSecret = async ({ secret, dataDir }: Config): Promise<string | undefined> =>
  secret ?? (await readSecrets(dataDir)).LEDGER_SECRET;

/**
 * Refuses a file of secrets within the directory of backups: who reads a backup must not find its key next to it. Also
 * refuses a file that exists.
 */
export const checkSecretsFile = async (file: string, backups: string): Promise<void> => {
  const inside = path.relative(path.resolve(backups), path.resolve(file));
  if (!inside.startsWith('..') && !path.isAbsolute(inside))
    throw new UsageError(
      `--secrets-to: ${file} is next to the backup, and a reader of both can use them. Name a file in another place.`,
    );
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) throw new UsageError(`--secrets-to: ${file} exists. Name a new file.`);
};

/**
 * Writes LEDGER_SECRET to a new file that only its owner can read. Throws UsageError when the file exists or cannot be written,
 * and leaves none then.
 */
export const writeSecretsFile = async (file: string, secret: string): Promise<void> => {
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    const why = errorCode(error) === 'EEXIST' ? 'it exists' : errorText(error);
    throw new UsageError(`--secrets-to: ${file} cannot be written: ${why}. Name a new file.`);
  });
  try {
    await handle.writeFile(`${JSON.stringify({ LEDGER_SECRET: secret }, null, 2)}\n`);
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw new UsageError(`--secrets-to: ${file} cannot be written: ${errorText(error)}. Name another place.`);
  } finally {
    await handle.close();
  }
};

/** Reads LEDGER_SECRET from a file of `--secrets-to`, or from the secrets.json of a data directory. */
export const readSecretsFile = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--secrets-from: ${file} cannot be read: ${errorText(error)}.`);
  });
  let content: unknown = null;
  try {
    content = JSON.parse(text);
  } catch {
    // The sentence below says it.
  }
  const secret =
    typeof content === 'object' && content !== null && 'LEDGER_SECRET' in content ? content.LEDGER_SECRET : undefined;
  if (typeof secret !== 'string') throw new UsageError(`--secrets-from: ${file} is not JSON with LEDGER_SECRET.`);
  return secret;
};

/**
 * Requires the secrets that the rows of a backup need, before anything is restored. Throws RefusedByPolicy, which names those
 * that are missing.
 */
export const requireSecrets = (secret: string | undefined, { secrets }: Manifest, embedded: boolean): void => {
  const stored = secrets.map(({ id, check }) => ({
    ...{ id, check: Buffer.from(check, 'base64'), retiredAt: null },
    ...{ firstSignedAt: new Date(0), lastSignedAt: null },
  }));
  const missing = secret === undefined ? secrets.map(({ id }) => id) : missingSecrets(parsed(secret), stored);
  if (missing.length === 0) return;
  const how = embedded
    ? 'Name the file of ledger backup --secrets-to, or the old secrets.json, with --secrets-from. Or set LEDGER_SECRET.'
    : 'Set LEDGER_SECRET to that of the old server.';
  throw new RefusedByPolicy(
    `The backup needs the secret ${missing.join(', ')}, which is not in it: license keys and API keys are checked with it. ${how}`,
  );
};

/** Stores LEDGER_SECRET in the data directory. Throws RefusedByPolicy when that has another one. */
export const storeSecret = async (dataDir: string, secret: string): Promise<void> => {
  if ((await ensureSecret(dataDir, 'LEDGER_SECRET', () => secret)) !== secret)
    throw new RefusedByPolicy(
      `${path.join(dataDir, 'secrets.json')} has another LEDGER_SECRET than the file of --secrets-from. Restore into a new LEDGER_DATA_DIR.`,
    );
};

const parsed = (secret: string) => {
  try {
    return parseSecrets(secret);
  } catch (error) {
    throw new InvalidConfiguration(errorText(error));
  }
};
