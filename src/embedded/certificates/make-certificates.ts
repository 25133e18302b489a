import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
// The library registers its parts through this one.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** A certificate and its key, both in PEM. */
export type CertifiedKey = { readonly certificate: string; readonly key: string };

/** A certificate of a server, its key, and the authority that issued it. */
export type Certificates = { readonly server: CertifiedKey; readonly authority: CertifiedKey };

/**
 * Creates a certificate for a server with these DNS names and addresses. `authority`: the one that issues it; without it a
 * new one is created. Certificates begin in 1970, so a clock that is far back lets nobody out. That of the server ends ten
 * years after `now`, or after this release for an earlier `now`. The authority never ends.
 */
export const makeCertificates = async (
  names: readonly string[],
  now: Date,
  authority?: CertifiedKey,
): Promise<Certificates> => {
  const issuer = authority ?? (await makeAuthority());
  const issuerCertificate = new x509.X509Certificate(issuer.certificate);
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=License Ledger event store',
    issuer: issuerCertificate.subjectName,
    notBefore: begin,
    notAfter: new Date(Math.max(now.getTime(), releasedMs) + lifetimeMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await importKey(issuer.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    server: { certificate: pemOf(certificate), key: await exportKey(keys.privateKey) },
    authority: issuer,
  };
};

const makeAuthority = async (): Promise<CertifiedKey> => {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=License Ledger event store authority',
    notBefore: begin,
    notAfter: never,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await exportKey(keys.privateKey) };
};

const pemOf = (certificate: { toString(format: 'pem'): string }): string => `${certificate.toString('pem')}\n`;

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign']);

/** Returns 128 random bits in hexadecimal. The first bit is 0, because a serial number is positive. */
const serialNumber = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const begin = new Date(0);
// RFC 5280 has this instant for a certificate without an end.
const never = new Date('9999-12-31T23:59:59Z');
const releasedMs = Date.parse('2026-11-30T00:00:00Z');
const lifetimeMs = 10 * 365 * 24 * 3_600_000;
