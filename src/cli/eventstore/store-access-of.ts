import { hostname } from 'node:os';
import { type Config, InvalidConfiguration } from '../../config.ts';
import { ensureCertificate } from '../../embedded/certificates/certificate-files.ts';
import { nameIn, readGivenCertificate, UnusableCertificate } from '../../embedded/certificates/given-certificate.ts';
import { ensureProductLogin, loopbackNames, storeUrl } from '../../embedded/certificates/store-entry.ts';
import type { StoreAccess } from '../../embedded/eventstore/access/store-access.ts';
import { isEveryAddress, isLoopback } from '../../reachable-url.ts';

/** How `ledger eventstore` lets its users in. `urlAt`: the URL of the product at a port, with its password. */
export type AccessOfStore = { readonly access: StoreAccess; readonly urlAt: (port: number) => string };

/**
 * Returns the access that the configuration asks for. Creates the certificate and the password of the product in the data
 * directory where they are missing. Throws InvalidConfiguration for a file without a usable certificate.
 */
export const accessOfStore = async ({ dataDir, eventStore }: Config, warn: (line: string) => void) => {
  const { host, certificateFiles: files } = eventStore;
  if (eventStore.isInsecure) {
    warn('LEDGER_EVENTSTORE_INSECURE is on: everybody who reaches the port may read and append.');
    return insecure(host);
  }
  const login = await ensureProductLogin(dataDir);
  const names = namesOf(host);
  const { certificate, key, caFile } =
    files === null ? await ensureCertificate(dataDir, names) : { ...(await readGiven(files, warn)), caFile: files.ca };
  const name = nameIn(certificate, names) ?? host;
  return {
    access: { certificate, key, login },
    urlAt: (port: number) => storeUrl({ host: name, port }, login, caFile),
  } satisfies AccessOfStore;
};

const insecure = (host: string): AccessOfStore => ({
  access: 'INSECURE',
  urlAt: (port) => `esdb://${isEveryAddress(host) ? '127.0.0.1' : host}:${port}?tls=false`,
});

/** Returns the names and addresses by which clients may reach the server. The first one is for this machine. */
const namesOf = (host: string): readonly string[] => {
  if (isLoopback(host)) return loopbackNames;
  // Other machines use the name of this one, or the address that it listens on.
  return isEveryAddress(host) ? [...loopbackNames, hostname()] : [hostname(), host, ...loopbackNames];
};

const readGiven = async (
  files: Parameters<typeof readGivenCertificate>[0],
  warn: (line: string) => void,
): Promise<{ readonly certificate: string; readonly key: string }> => {
  try {
    const { endsAt, certificate, key } = await readGivenCertificate(files);
    if (endsAt < new Date())
      warn(`The certificate in ${files.certificate} ended at ${endsAt.toISOString()}. Renew it.`);
    return { certificate, key };
  } catch (error) {
    if (error instanceof UnusableCertificate)
      throw new InvalidConfiguration(`${error.message} Correct LEDGER_EVENTSTORE_CERT_FILE, _KEY_FILE or _CA_FILE.`);
    throw error;
  }
};
