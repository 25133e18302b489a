import { createHmac } from 'node:crypto';
import { encodeId, idPattern } from '../domain/ids.ts';
import type { Secrets } from './secrets.ts';
import { spellingsOfUser } from './spellings.ts';

/** The parties of a license. `formerHolders`: the holders before whose assigned users stayed. */
export type LicenseParties = {
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly formerHolders: readonly string[];
};

/**
 * Returns the references that a user of a license may be stored under. New assignments use the first; the others belong
 * to older secrets, former holders and earlier releases, which also stored other spellings. A user id of this server
 * (usr_…) is its own reference. Any other text of 1–256 characters becomes `ref_…` with 128 bits of an HMAC, so that no
 * event contains a name or e-mail address. It depends on issuer and holder: two holders, or two issuers, cannot tell
 * that they have a user in common.
 */
export const userReferences = (
  secrets: Secrets,
  { issuerOrgId, holderOrgId, formerHolders }: LicenseParties,
  user: string,
): readonly string[] => {
  const names = spellingsOfUser(user);
  const id = names.find((name) => userIdPattern.test(name));
  if (id !== undefined) return [id];
  const holders = [holderOrgId, ...formerHolders.toReversed(), null];
  const texts = names.flatMap((name) =>
    holders.map((holder) =>
      // The NUL makes it differ from the fingerprint of a device with the same text, which cannot contain a NUL.
      // Earlier releases wrote the text without a holder for every license.
      holder === null ? `${issuerOrgId}\0user\0${name}` : `${issuerOrgId}\0user of\0${holder}\0${name}`,
    ),
  );
  return [...new Set(texts)].flatMap((text) => secrets.all.map((secret) => referenceTo(secret, text)));
};

const referenceTo = (secret: Secrets['all'][number], text: string): string =>
  encodeId('ref', uuidOf(createHmac('sha256', secret.key('fingerprint')).update(text).digest('hex')));

const userIdPattern = idPattern('usr');

/** Returns true for the id of a user of this server, which is its own reference. */
export const isUserId = (reference: string): boolean => userIdPattern.test(reference);

/** Returns true for a reference of an assigned user: `ref_…`, or the id of a user of this server. */
export const isUserReference = (text: string): boolean => referencePattern.test(text);

const referencePattern = idPattern('usr', 'ref');

const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
