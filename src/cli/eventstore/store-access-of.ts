import { hostname } from 'node:os';
import path from 'node:path';
import { type Config, InvalidConfiguration } from '../../config.ts';
import type { CertificateFiles } from '../../config-event-store.ts';
import { addressOf } from '../../embedded/address.ts';
import { ensureCertificate } from '../../embedded/certificates/certificate-files.ts';
import { nameIn, readGivenCertificate, UnusableCertificate } from '../../embedded/certificates/given-certificate.ts';
import { ensureProductLogin, loopbackNames, storeUrl } from '../../embedded/certificates/store-entry.ts';
import type { StoreAccess } from '../../embedded/eventstore/access/store-access.ts';
import { isEveryAddress, isLoopback } from '../../reachable-url.ts';

/** How `ledger eventstore` lets its users in. `urlAt`: the URL of the product at a port, with its password. */
export type AccessOfStore = { readonly access: StoreAccess; readonly urlAt: (port: number) => string };

/**
 * Returns the access that the configuration asks for. Creates the certificate and the password of the product in the data
 * directory where they are missing. Throws InvalidConfiguration for a file without a usable certificate, and for a
 * certificate that is not for the advertised address.
 */
export const accessOfStore = async ({ dataDir, eventStore }: Config, warn: (line: string) => void) => {
  const { host, certificateFiles: files, advertised } = eventStore;
  if (eventStore.isInsecure) {
    warn('LEDGER_EVENTSTORE_INSECURE is on: everybody who reaches the port may read and append.');
    return insecure(host);
  }
  const login = await ensureProductLogin(dataDir);
  const names = [...new Set([...eventStore.names, ...namesOf(host)])];
  // A client that asks for the leader is sent to that address.
  const discovered = advertised === null ? [] : [advertised.host];
  const allNames = [...new Set([...names, ...discovered])];
  const { certificate, key, caFile } =
    files === null ? await ensureCertificate(dataDir, allNames, new Date(), warn) : await readGiven(files, warn);
  if (advertised !== null && nameIn(certificate, discovered) === null)
    throw new InvalidConfiguration(
      `The certificate in ${files?.certificate} is not for ${advertised.host}. Set LEDGER_EVENTSTORE_ADVERTISED_ADDRESS to a name that it is for, or use another certificate.`,
    );
  // The client of the event store reads no address of IPv6 in a URL.
  const name = nameIn(
    certificate,
    names.filter((candidate) => !candidate.includes(':')),
  );
  if (name === null)
    throw new InvalidConfiguration(
      `The certificate in ${files?.certificate} is for none of ${names.join(', ')}. Set LEDGER_EVENTSTORE_NAMES to a name that it is for and that reaches this event store.`,
    );
  return {
    access: { certificate, key, login },
    urlAt: (port: number) => storeUrl({ host: name, port }, login, caFile),
  } satisfies AccessOfStore;
};

const insecure = (host: string): AccessOfStore => ({
  access: 'INSECURE',
  urlAt: (port) =>
    `esdb://${addressOf(isEveryAddress(host) ? '127.0.0.1' : host === '::1' ? 'localhost' : host, port)}?tls=false`,
});

/** Returns the names and addresses by which clients may reach the server. The first one reaches it from this machine. */
const namesOf = (host: string): readonly string[] => {
  // Node warns about TLS to an address instead of a name.
  if (loopbackNames.some((name) => name === host)) return loopbackNames;
  if (isEveryAddress(host)) return [...loopbackNames, hostname()];
  // Debian gives the name of the machine an address of its own, 127.0.1.1.
  return isLoopback(host) ? [host, ...loopbackNames] : [host, hostname(), ...loopbackNames];
};

type GivenFiles = { readonly certificate: string; readonly key: string; readonly caFile: string | null };

const readGiven = async (files: CertificateFiles, warn: (line: string) => void): Promise<GivenFiles> => {
  try {
    const { endsAt, certificate, key } = await readGivenCertificate(files);
    if (endsAt < new Date())
      warn(`The certificate in ${files.certificate} ended at ${endsAt.toISOString()}. Renew it.`);
    // The product may run in another directory.
    return { certificate, key, caFile: files.ca === null ? null : path.resolve(files.ca) };
  } catch (error) {
    if (error instanceof UnusableCertificate)
      throw new InvalidConfiguration(`${error.message} Correct LEDGER_EVENTSTORE_CERT_FILE, _KEY_FILE or _CA_FILE.`);
    throw error;
  }
};
