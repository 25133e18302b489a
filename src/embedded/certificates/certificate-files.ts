import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere, writePrivate } from '../files.ts';
import { waitForLock } from '../stored-secrets.ts';
import { isFor } from './given-certificate.ts';
import type { Certificates, CertifiedKey } from './make-certificates.ts';

/** The certificate that a server uses, and the file that its clients check it with. Texts are in PEM. */
export type ServerCertificate = { readonly certificate: string; readonly key: string; readonly caFile: string };

/** Returns the files of the certificate in a data directory. `store` has the keys; `ca` has what clients need. */
export const certificatePlaces = (dataDir: string) => {
  const folder = path.join(path.resolve(dataDir), 'tls');
  return { folder, store: path.join(folder, 'eventstore.pem'), ca: path.join(folder, 'ca.pem') };
};

/**
 * Returns the certificate of a data directory for these names. Creates it where there is none, and renews it when it ends
 * within five years, lacks a name or was damaged. A renewed one has the same authority, so copies of `ca.pem` stay valid.
 * Safe in several processes at once. `warn` gets a sentence about a damaged file.
 */
export const ensureCertificate = async (
  dataDir: string,
  names: readonly string[],
  now: Date = new Date(),
  warn: (line: string) => void = () => {},
): Promise<ServerCertificate> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await waitForLock(path.join(path.resolve(dataDir), 'locks', 'tls'));
  try {
    return await createOrRenew(dataDir, names, now, warn);
  } finally {
    await lock.release();
  }
};

const createOrRenew = async (
  dataDir: string,
  names: readonly string[],
  now: Date,
  warn: (line: string) => void,
): Promise<ServerCertificate> => {
  const { folder, store, ca } = certificatePlaces(dataDir);
  const text = await readIfThere(store);
  const stored = parse(text);
  const isGood = stored !== null && serves(stored, names, now);
  if (text !== undefined && stored === null)
    warn(
      authorityIn(text) === undefined
        ? `${store} is damaged. It is replaced, with a new authority: give each client the new ${ca}.`
        : `${store} is damaged. It is replaced, with the same authority.`,
    );
  const certificates = isGood ? stored : await make(names, now, text);
  if (!isGood) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writePrivate(store, textOf(certificates));
  } else await chmod(store, 0o600);
  const { server, authority } = certificates;
  if ((await readIfThere(ca)) !== authority.certificate) await writePrivate(ca, authority.certificate);
  return { ...server, caFile: ca };
};

/** Creates a certificate under the authority in `text`, or under a new one. Few starts need the library, so it is loaded here. */
const make = async (names: readonly string[], now: Date, text: string | undefined): Promise<Certificates> => {
  const { makeCertificates } = await import('./make-certificates.ts');
  return makeCertificates(names, now, authorityIn(text));
};

/** Returns the certificate of a data directory, or null where there is none that can be used. Changes nothing. */
export const readCertificate = async (dataDir: string): Promise<ServerCertificate | null> => {
  const { store, ca } = certificatePlaces(dataDir);
  const stored = parse(await readIfThere(store));
  return stored === null || (await readIfThere(ca)) === undefined ? null : { ...stored.server, caFile: ca };
};

/** One file has everything, so that no crash can leave a key with the certificate of another one. */
const textOf = ({ server, authority }: Certificates): string =>
  [server.key, server.certificate, authority.certificate, authority.key].join('');

/** Returns the parts of the file, or null when it is missing or damaged. */
const parse = (text: string | undefined): Certificates | null => {
  const [key, certificate, authority, authorityKey] = blocksIn(text);
  if (key === undefined || certificate === undefined || authority === undefined || authorityKey === undefined)
    return null;
  const certificates = {
    server: { certificate, key },
    authority: { certificate: authority, key: authorityKey },
  };
  return isWhole(certificates) ? certificates : null;
};

const blocksIn = (text: string | undefined): readonly string[] =>
  (text?.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? []).map((block) => `${block.trim()}\n`);

/** Returns the authority of a file, also when the part of the server is damaged. */
const authorityIn = (text: string | undefined): CertifiedKey | undefined => {
  const [certificate, key] = blocksIn(text).slice(-2);
  if (certificate === undefined || key === undefined) return undefined;
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.ca && parsed.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
};

const isWhole = ({ server, authority }: Certificates): boolean => {
  try {
    const issuer = new X509Certificate(authority.certificate);
    const certificate = new X509Certificate(server.certificate);
    return (
      issuer.checkPrivateKey(createPrivateKey(authority.key)) &&
      certificate.checkPrivateKey(createPrivateKey(server.key)) &&
      certificate.verify(issuer.publicKey)
    );
  } catch {
    return false;
  }
};

const serves = ({ server }: Certificates, names: readonly string[], now: Date): boolean => {
  const certificate = new X509Certificate(server.certificate);
  return Date.parse(certificate.validTo) - now.getTime() > renewalMs && names.every((name) => isFor(certificate, name));
};

/** A server that starts less than this before the end of its certificate renews it. */
const renewalMs = 5 * 365 * 24 * 3_600_000;
