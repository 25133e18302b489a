import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { writePrivate } from '../embedded/files.ts';
import { parseOrigin } from '../proof/notes/log-origins.ts';
import { formatVerifierKey, type VerifierKey } from '../proof/notes/verifier-keys.ts';
import { decodeBase64, encodeBase64 } from '../proof/text/base64.ts';
import { type SigningKey, signingKey } from './log-keys.ts';

/** The private key of a log is missing or cannot be used. The message says which file, and what to do. */
export class UnusableLogKey extends Error {
  override readonly name = 'UnusableLogKey';
}

/** Creates the private key of a log and writes it to its file, durably. Nothing uses it before an event names it. */
export const writeNewLogKey = async (directory: string, origin: string): Promise<SigningKey> => {
  const seed = randomBytes(seedBytes);
  const key = signingKey(origin, 'LOG', seed);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { name, keyId } = key.verifier;
  const skey = `${privatePrefix}${name}+${keyId}+${encodeBase64(Uint8Array.of(ed25519Type, ...seed))}`;
  await writePrivate(logKeyFile(directory, key.verifier), `${skey}\n`);
  return key;
};

/**
 * Returns the private key of a public key. Throws UnusableLogKey when its file is missing, when others may read it, or
 * when it has another key. No message contains any of the key.
 */
export const readLogKey = async (directory: string, verifier: VerifierKey): Promise<SigningKey> => {
  const file = logKeyFile(directory, verifier);
  const text = await readPrivate(file, parseOrigin(verifier.name).organizationId);
  const [, name = '', keyId = '', encoded = ''] = form.exec(text) ?? [];
  if (name !== verifier.name || keyId !== verifier.keyId) throw otherKey(file, verifier);
  const [type, ...seed] = bytesOf(encoded, file);
  if (type !== ed25519Type || seed.length !== seedBytes) throw unreadable(file);
  const key = signingKey(name, 'LOG', Uint8Array.from(seed));
  if (formatVerifierKey(key.verifier) !== formatVerifierKey(verifier)) throw otherKey(file, verifier);
  return key;
};

/** Removes the file of a key that no event names, or that another key has replaced. */
export const removeLogKey = (directory: string, verifier: VerifierKey): Promise<void> =>
  rm(logKeyFile(directory, verifier), { force: true });

/** Returns the path of the file that has the private key of a public key. */
export const logKeyFile = (directory: string, { name, keyId }: Pick<VerifierKey, 'name' | 'keyId'>): string =>
  path.join(directory, `${parseOrigin(name).organizationId}-${keyId}.key`);

const readPrivate = async (file: string, organizationId: string): Promise<string> => {
  try {
    const handle = await open(file, 'r');
    try {
      const { mode } = await handle.stat();
      // Windows does not have these modes.
      if (process.platform !== 'win32' && (mode & 0o077) !== 0)
        throw new UnusableLogKey(
          `Others may read the key ${file}. Replace it: chmod 600 ${file}, then ledger log rotate-key --organization ${organizationId}.`,
        );
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UnusableLogKey) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : null;
    throw new UnusableLogKey(
      code === 'ENOENT'
        ? `The key ${file} is missing. Put the saved file there, or begin the log again: ledger log restart --organization ${organizationId} --reason LOST_KEY.`
        : `The key ${file} cannot be read (${code}). Check the file and its directory.`,
    );
  }
};

const bytesOf = (encoded: string, file: string): Uint8Array => {
  try {
    return decodeBase64(encoded, 'The key');
  } catch {
    throw unreadable(file);
  }
};

const unreadable = (file: string): UnusableLogKey =>
  new UnusableLogKey(`${file} is not the private key of a log. Put the saved file there.`);
const otherKey = (file: string, { name, keyId }: VerifierKey): UnusableLogKey =>
  new UnusableLogKey(`${file} is not the key ${keyId} of ${name}. Put the saved file there.`);

const seedBytes = 32;
const ed25519Type = 1;
// The form of Go's golang.org/x/mod/sumdb/note, so its tools can use the key.
const privatePrefix = 'PRIVATE+KEY+';
const form = /^PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n$/;
