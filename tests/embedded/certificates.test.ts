import { X509Certificate } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { certificatePlaces, ensureCertificate } from '../../src/embedded/certificates/certificate-files.ts';
import { ensureStoreEntry, existingStoreEntry, loopbackNames } from '../../src/embedded/certificates/store-entry.ts';
import { readSecrets } from '../../src/embedded/stored-secrets.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const year = 365 * 24 * 3_600_000;
const released = Date.parse('2026-11-30T00:00:00Z');
const partsOf = async (dataDir: string) => {
  const { store, ca } = certificatePlaces(dataDir);
  return { store: await readFile(store, 'utf8'), ca: await readFile(ca, 'utf8') };
};

test('The first start creates a certificate for this machine only its owner can read, and later ones use it', async () => {
  const dataDir = await temporaryDirectory();
  const first = await ensureCertificate(dataDir, loopbackNames);
  const certificate = new X509Certificate(first.certificate);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('example.com')).toBeUndefined();
  const { store } = certificatePlaces(dataDir);
  await chmod(store, 0o644);
  expect(await ensureCertificate(dataDir, loopbackNames)).toEqual(first);
  expect((await stat(store)).mode & 0o777).toBe(0o600);
});

test('A certificate is valid in 1970, also when it was created with a clock that is far back', async () => {
  const certificate = async (now: Date) => {
    const made = await ensureCertificate(await temporaryDirectory(), loopbackNames, now);
    return new X509Certificate(made.certificate);
  };
  const past = await certificate(new Date(0));
  expect(Date.parse(past.validFrom)).toBe(0);
  expect(Date.parse(past.validTo)).toBeGreaterThan(released + 9 * year);
  const future = await certificate(new Date('2090-01-01'));
  expect(Date.parse(future.validFrom)).toBe(0);
});

test('A certificate is renewed five years before its end, under the same authority', async () => {
  const dataDir = await temporaryDirectory();
  const first = await ensureCertificate(dataDir, loopbackNames, new Date(released));
  const { ca } = await partsOf(dataDir);
  expect(await ensureCertificate(dataDir, loopbackNames, new Date(released + 4 * year))).toEqual(first);
  const second = await ensureCertificate(dataDir, loopbackNames, new Date(released + 6 * year));
  expect(second.certificate).not.toBe(first.certificate);
  expect((await partsOf(dataDir)).ca).toBe(ca);
  expect(new X509Certificate(second.certificate).verify(new X509Certificate(ca).publicKey)).toBe(true);
  expect(new X509Certificate(ca).validTo).toContain('9999');
});

test('A certificate that lacks a name is replaced, and a damaged file or a lost one too', async () => {
  const dataDir = await temporaryDirectory();
  const first = await ensureCertificate(dataDir, loopbackNames);
  const named = await ensureCertificate(dataDir, [...loopbackNames, 'events.internal', '10.1.2.3']);
  expect(new X509Certificate(named.certificate).checkIP('10.1.2.3')).toBe('10.1.2.3');
  expect(named.certificate).not.toBe(first.certificate);
  const { store, ca } = certificatePlaces(dataDir);
  const whole = await readFile(store, 'utf8');
  for (const damage of ['', 'nothing', whole.slice(0, -200), whole.replace(/[A-Z]{4}/, 'AAAA')]) {
    await writeFile(store, damage);
    const mended = await ensureCertificate(dataDir, loopbackNames);
    const authority = new X509Certificate(await readFile(ca, 'utf8'));
    expect(new X509Certificate(mended.certificate).verify(authority.publicKey)).toBe(true);
  }
  await rm(ca);
  await ensureCertificate(dataDir, loopbackNames);
  expect(await readFile(ca, 'utf8')).toContain('BEGIN CERTIFICATE');
});

test('A damaged part of the server is replaced under the same authority, so copies of its certificate stay valid', async () => {
  const dataDir = await temporaryDirectory();
  await ensureCertificate(dataDir, loopbackNames);
  const { store, ca } = await partsOf(dataDir);
  await writeFile(certificatePlaces(dataDir).store, store.replace(/[\w+/]{60}/, 'A'.repeat(60)));
  const lines: string[] = [];
  const warn = (line: string) => void lines.push(line);
  const mended = await ensureCertificate(dataDir, loopbackNames, new Date(), warn);
  expect((await partsOf(dataDir)).ca).toBe(ca);
  await writeFile(certificatePlaces(dataDir).store, 'nothing');
  const other = await ensureCertificate(dataDir, loopbackNames, new Date(), warn);
  expect(other.certificate).not.toBe(mended.certificate);
  expect(lines).toEqual([expect.stringContaining('the same authority'), expect.stringContaining('a new authority')]);
  expect(new X509Certificate(mended.certificate).verify(new X509Certificate(ca).publicKey)).toBe(true);
});

test('A directory of an earlier release gets both at a start, and a command that only reads says so', async () => {
  const dataDir = await temporaryDirectory();
  await expect(existingStoreEntry(dataDir)).rejects.toThrow('of an older release');
  expect(await readSecrets(dataDir)).toEqual({});
  const entry = await ensureStoreEntry(dataDir);
  expect(entry.access.login.password).toMatch(/^[\w-]{43}$/);
  expect((await existingStoreEntry(dataDir)).access).toEqual(entry.access);
  expect(Object.keys(await readSecrets(dataDir))).toEqual(['eventstore-client-password']);
});
