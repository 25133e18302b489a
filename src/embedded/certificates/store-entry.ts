import { randomBytes } from 'node:crypto';
import { addressOf } from '../address.ts';
import type { SecureAccess, StoreLogin } from '../eventstore/access/store-access.ts';
import { ensureSecret, readSecrets } from '../stored-secrets.ts';
import { ensureCertificate, readCertificate, type ServerCertificate } from './certificate-files.ts';

/** How a store lets its product in, and the URL with which the product gets in. */
export type StoreEntry = {
  readonly access: SecureAccess;
  /** Returns the URL of the store at this port of the machine. It has the password. */
  readonly urlAt: (port: number) => string;
};

/** The name of the product's login. The name of the secret in secrets.json is `clientSecret`. */
const productName = 'ledger';
const clientSecret = 'eventstore-client-password';

/** Names and addresses by which this machine reaches its own servers. */
export const loopbackNames = ['localhost', '127.0.0.1', '::1'] as const;

/**
 * Returns the entry of the store in a data directory. The first call creates its certificate and its password, also in a
 * directory of an earlier release. Safe in several processes at once.
 */
export const ensureStoreEntry = async (
  dataDir: string,
  names: readonly string[] = loopbackNames,
): Promise<StoreEntry> => {
  const certificate = await ensureCertificate(dataDir, names);
  return entryOf(certificate, await ensureProductLogin(dataDir));
};

/** Returns the login of the product in a data directory. The first call creates its password. */
export const ensureProductLogin = async (dataDir: string): Promise<StoreLogin> => ({
  name: productName,
  password: await ensureSecret(dataDir, clientSecret, () => randomBytes(32).toString('base64url')),
});

/** Returns the entry of the store in a data directory. Creates nothing: throws when it is of an earlier release. */
export const existingStoreEntry = async (dataDir: string): Promise<StoreEntry> => {
  const [certificate, secrets] = await Promise.all([readCertificate(dataDir), readSecrets(dataDir)]);
  const password = secrets[clientSecret];
  if (certificate === null || password === undefined)
    throw new Error(
      `The event store in ${dataDir} is of an older release: it has no certificate or no password yet. Start this release once, or use the older one.`,
    );
  return entryOf(certificate, { name: productName, password });
};

const entryOf = ({ certificate, key, caFile }: ServerCertificate, login: StoreLogin): StoreEntry => ({
  access: { certificate, key, login },
  // Node warns about TLS to an address instead of a name.
  urlAt: (port) => storeUrl({ host: 'localhost', port }, login, caFile),
});

/** Returns the URL of a store with TLS. `caFile` null: a public authority issued its certificate. */
export const storeUrl = (
  { host, port }: { readonly host: string; readonly port: number },
  { name, password }: StoreLogin,
  caFile: string | null,
): string => {
  const ca = caFile === null ? '' : `&tlsCAFile=${encodeURIComponent(caFile)}`;
  return `esdb://${encodeURIComponent(name)}:${encodeURIComponent(password)}@${addressOf(host, port)}?tls=true${ca}`;
};
