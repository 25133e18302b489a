import { createHmac } from 'node:crypto';
import type { Secrets } from './secrets.ts';
import { spellingsOfDevice, spellingsOfUser } from './spellings.ts';

/**
 * Returns the hex hashes that a device may be stored under. New devices use the first; the others belong to older
 * secrets, and after them to the text as sent, where earlier releases stored another spelling. The hashes depend on the
 * issuer, so two issuers cannot compare their devices.
 */
export const fingerprintHashes = (secrets: Secrets, issuerOrgId: string, fingerprint: string): string[] =>
  spellingsOfDevice(fingerprint).flatMap((text) => hashesOf(secrets, issuerOrgId, text));

/** Returns the hashes of the holder of a seat, like those of a device. A user who holds a seat is named as a user is. */
export const holderHashes = (
  secrets: Secrets,
  issuerOrgId: string,
  holder: string,
  isUser: boolean,
): readonly string[] =>
  (isUser ? spellingsOfUser : spellingsOfDevice)(holder).flatMap((text) => hashesOf(secrets, issuerOrgId, text));

/**
 * Returns the hex hashes of the forms of an e-mail address, under every secret. They differ from those of devices, and
 * between issuers. They do not reveal the address without a secret.
 */
export const addressHashes = (secrets: Secrets, issuerOrgId: string, forms: readonly string[]): string[] =>
  forms.flatMap((form) => fingerprintHashes(secrets, issuerOrgId, `address\0${form}`));

/**
 * Returns the hashes of a device's components by name: one record per secret. When earlier releases stored another
 * spelling of any of them, one record per secret for the values as sent follows.
 */
export const componentHashes = (
  secrets: Secrets,
  issuerOrgId: string,
  components: Readonly<Record<string, string>>,
): readonly Readonly<Record<string, string>>[] => {
  const values = Object.entries(components).map(([name, value]) => [name, spellingsOfDevice(value)] as const);
  const spellingsMax = Math.max(1, ...values.map(([, texts]) => texts.length));
  return Array.from({ length: spellingsMax }, (_, spelling) => {
    // The hash includes the name, so that no component equals another component or a device.
    const hashesByName = values.map(
      ([name, texts]) =>
        [name, hashesOf(secrets, issuerOrgId, `part\0${name}\0${texts[spelling] ?? texts[0] ?? ''}`)] as const,
    );
    return secrets.all.map((_secret, place) =>
      Object.fromEntries(hashesByName.map(([name, hashes]) => [name, hashes[place] ?? ''])),
    );
  }).flat();
};

const hashesOf = (secrets: Secrets, issuerOrgId: string, text: string): string[] =>
  secrets.all.map((secret) =>
    createHmac('sha256', secret.key('fingerprint')).update(`${issuerOrgId}\0${text}`).digest('hex'),
  );
