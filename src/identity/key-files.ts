import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** A key that signs access tokens (ES256), with its file in the directory of keys. */
export type SigningKey = {
  /** The first 16 characters of the RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly createdAt: Date;
  readonly file: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
};

/** The public part as a JSON Web Key, as in `/.well-known/jwks.json`. */
export type PublicJwk = {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
};

/** The content of the directory: the keys, the newest first, and one sentence per file that cannot be used. */
export type KeyFiles = { readonly keys: readonly SigningKey[]; readonly faults: readonly string[] };

/**
 * Reads every `*.pem` of the directory. Returns no keys when the directory does not exist. Throws an Error with advice
 * when it cannot be read or others may write to it.
 */
export const readKeyFiles = async (directory: string): Promise<KeyFiles> => {
  const names = await pemFilesOf(directory);
  const read = await Promise.all(names.map((name) => readKeyFile(path.join(directory, name))));
  const keys = read.filter((result) => typeof result === 'object' && result !== null);
  return {
    keys: keys.toSorted((one, other) => path.basename(other.file).localeCompare(path.basename(one.file), 'en')),
    faults: read.filter((result) => typeof result === 'string'),
  };
};

/** Creates a key and writes it (mode 0600, its directory 0700). After a failure no file of it exists. */
export const writeNewKey = async (directory: string, createdAt: Date): Promise<SigningKey> => {
  await makePrivateDirectory(directory);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  const kid = kidOf(publicKey);
  const file = path.join(directory, nameOf(createdAt, kid));
  // Readers ignore this name. The complete file is then renamed.
  const unfinished = path.join(directory, `.${kid}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return { kid, createdAt, file, privateKey, publicKey };
};

/** Creates the directory, readable by its owner only. Does not change an existing directory. */
export const makePrivateDirectory = async (directory: string): Promise<void> => {
  const created = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (created !== undefined) await chmod(directory, 0o700);
};

/** Returns the JSON Web Key of the public key, without any private part. */
export const publicJwk = ({ kid, publicKey }: SigningKey): PublicJwk => ({
  kty: 'EC',
  crv: 'P-256',
  ...pointOf(publicKey),
  kid,
  alg: 'ES256',
  use: 'sig',
});

/** Returns true when the text has the form of a `kid`. The server searches for no other text. */
export const isKid = (text: string): boolean => /^[A-Za-z0-9_-]{16}$/.test(text);

const kidCharacters = 16;

const kidOf = (publicKey: KeyObject): string => {
  const { x, y } = pointOf(publicKey);
  // RFC 7638: these members, in this order, without spaces.
  const members = JSON.stringify({ crv: 'P-256', kty: 'EC', x, y });
  return createHash('sha256').update(members).digest('base64url').slice(0, kidCharacters);
};

const pointOf = (publicKey: KeyObject): { readonly x: string; readonly y: string } => {
  const { x, y } = publicKey.export({ format: 'jwk' });
  if (x === undefined || y === undefined) throw new Error('A P-256 key has no coordinates.');
  return { x, y };
};

const nameOf = (createdAt: Date, kid: string): string =>
  `${createdAt.toISOString().replaceAll(/[-:.]/g, '')}-${kid}.pem`;

const namePattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z-([A-Za-z0-9_-]{16})\.pem$/;

const createdAtOf = (name: string): Date | null => {
  const [, year, month, day, hour, minute, second, millisecond] = namePattern.exec(name) ?? [];
  const createdAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  return Number.isNaN(createdAt.getTime()) ? null : createdAt;
};

const pemFilesOf = async (directory: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(directory);
    // Anyone who may write here can sign tokens of every user.
    if (isOpenTo(0o022, (await stat(directory)).mode)) {
      throw new Error(`Others may write to the directory of keys ${directory}. Run: chmod 700 ${directory}`);
    }
    return entries.filter((name) => name.endsWith('.pem') && !name.startsWith('.'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    if (codeOf(error) === undefined) throw error;
    throw new Error(`Cannot read the directory of keys ${directory}: ${textOf(error)}`);
  }
};

/** Returns the key, a sentence that says why it cannot be used, or null when the file was removed meanwhile. */
const readKeyFile = async (file: string): Promise<SigningKey | string | null> => {
  let pem: string;
  try {
    const handle = await open(file, 'r');
    try {
      const { mode } = await handle.stat();
      if (isOpenTo(0o077, mode)) return `Others may read the key ${file}. Replace it, and chmod 600 the new one.`;
      pem = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : `Cannot read the key ${file}: ${textOf(error)}`;
  }

  const privateKey = privateKeyOf(pem);
  if (privateKey === null) return `${file} is not a private key (PEM, PKCS#8, without a passphrase).`;
  if (privateKey.asymmetricKeyType !== 'ec' || privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    return `${file} is not a key of the curve P-256. Create one with: ledger keys rotate`;
  }
  const publicKey = createPublicKey(privateKey);
  const kid = kidOf(publicKey);
  const name = path.basename(file);
  const createdAt = createdAtOf(name);
  if (createdAt === null || !name.endsWith(`-${kid}.pem`)) {
    return `${file} is not named after its time and key. Rename it, for a key created now, to ${nameOf(new Date(), kid)}`;
  }
  return { kid, createdAt, file, privateKey, publicKey };
};

const privateKeyOf = (pem: string): KeyObject | null => {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
};

// Windows does not have these modes.
const isOpenTo = (others: number, mode: number): boolean => process.platform !== 'win32' && (mode & others) !== 0;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
