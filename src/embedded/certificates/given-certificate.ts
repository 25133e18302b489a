import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { errorCode, errorText } from '../errors.ts';

/** The certificate of an operator. Texts are in PEM. `endsAt`: when it is no longer valid. */
export type GivenCertificate = { readonly certificate: string; readonly key: string; readonly endsAt: Date };

/** Thrown for a file that has no usable certificate or key. The message never has its content. */
export class UnusableCertificate extends Error {
  override readonly name = 'UnusableCertificate';
}

/** Reads the certificate and the key of an operator. `ca`: the file of its authority, which is only checked. */
export const readGivenCertificate = async (files: {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string | null;
}): Promise<GivenCertificate> => {
  const [certificate, key] = await Promise.all([readPem(files.certificate), readPem(files.key)]);
  const parsed = parseCertificate(files.certificate, certificate);
  if (files.ca !== null) parseCertificate(files.ca, await readPem(files.ca));
  if (!parsed.checkPrivateKey(parseKey(files.key, key)))
    throw new UnusableCertificate(`The key in ${files.key} is not that of the certificate in ${files.certificate}.`);
  return { certificate, key, endsAt: new Date(parsed.validTo) };
};

/** Returns the first of these names and addresses that the certificate is for, or null. */
export const nameIn = (certificate: string, names: readonly string[]): string | null => {
  const parsed = new X509Certificate(certificate);
  return names.find((name) => isFor(parsed, name)) ?? null;
};

/** Returns true when a certificate is for this name or address. */
export const isFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

const readPem = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UnusableCertificate(`${file} cannot be read: ${errorCode(error) ?? errorText(error)}.`);
  }
};

const parseCertificate = (file: string, text: string): X509Certificate => {
  try {
    return new X509Certificate(text);
  } catch {
    throw new UnusableCertificate(`${file} has no certificate in PEM.`);
  }
};

const parseKey = (file: string, text: string) => {
  try {
    return createPrivateKey(text);
  } catch {
    throw new UnusableCertificate(`${file} has no private key in PEM without a passphrase.`);
  }
};
