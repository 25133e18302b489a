import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere, writePrivate } from './files.ts';
import { tryLock } from './lock.ts';

/** Secrets by name. */
export type Secrets = Readonly<Record<string, string>>;

/** Returns the secrets of a data directory. Empty when the directory does not exist. */
export const readSecrets = async (dataDir: string): Promise<Secrets> => {
  const text = await readIfThere(secretsFile(dataDir));
  return text === undefined ? {} : parse(text, secretsFile(dataDir));
};

/**
 * Returns the secret of this name. The first call creates and stores it (mode 0600). Safe in several processes at once.
 */
export const ensureSecret = async (dataDir: string, name: string, make: () => string): Promise<string> => {
  const known = (await readSecrets(dataDir))[name];
  if (known !== undefined) return known;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await waitForLock(path.join(path.resolve(dataDir), 'locks', 'secrets'));
  try {
    const secrets = await readSecrets(dataDir);
    const secret = secrets[name] ?? make();
    if (secrets[name] === undefined) {
      await writePrivate(secretsFile(dataDir), `${JSON.stringify({ ...secrets, [name]: secret }, null, 2)}\n`);
    }
    return secret;
  } finally {
    await lock.release();
  }
};

/**
 * Stores another value under a name, and the previous file as secrets.json.previous (mode 0600). Throws when the value is not
 * `from` any longer. Safe in several processes at once.
 */
export const replaceSecret = async (dataDir: string, name: string, from: string, to: string): Promise<void> => {
  const file = secretsFile(dataDir);
  const lock = await waitForLock(path.join(path.resolve(dataDir), 'locks', 'secrets'));
  try {
    const secrets = await readSecrets(dataDir);
    if (secrets[name] !== from) throw new Error(`Another process has changed ${name} in ${file}. Repeat the command.`);
    await writePrivate(`${file}.previous`, `${JSON.stringify(secrets, null, 2)}\n`);
    await writePrivate(file, `${JSON.stringify({ ...secrets, [name]: to }, null, 2)}\n`);
  } finally {
    await lock.release();
  }
};

const secretsFile = (dataDir: string) => path.join(path.resolve(dataDir), 'secrets.json');

/** Acquires a lock that processes hold only while they write small files. Throws after ten seconds. */
export const waitForLock = async (name: string) => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const lock = await tryLock(name);
    if (lock.isAcquired) return lock;
    if (Date.now() > deadline)
      throw new Error(`Process ${lock.holder} has held the lock ${name} for over ten seconds. Is it stopped?`);
    await sleep(5);
  }
};

const parse = (text: string, file: string): Secrets => {
  const damaged = new Error(
    `${file} is not a JSON object of texts. Restore it from a backup: without it the data next to it cannot be opened.`,
  );
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) throw damaged;
  return Object.fromEntries(
    Object.entries(read).map(([name, secret]: [string, unknown]) => {
      if (typeof secret !== 'string') throw damaged;
      return [name, secret];
    }),
  );
};
