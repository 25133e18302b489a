import { createHmac } from 'node:crypto';
import { encodeId, idPattern } from '../domain/ids.ts';
import type { Secrets } from './secrets.ts';

/**
 * The references a user may be stored under, the first for a new assignment, the others those of older secrets. The id of a
 * user of ours (usr_…) is its own reference. Whatever else a client calls its users by, 1–256 characters, becomes `ref_…` of
 * 128 bits of an HMAC, so that no name or e-mail is in an event; it depends on the issuer, as fingerprints do.
 */
export const userReferences = (secrets: Secrets, issuerOrgId: string, user: string): readonly string[] =>
  userIdPattern.test(user)
    ? [user]
    : secrets.all.map((secret) => {
        // Told from the fingerprint of a device of the same name: no fingerprint holds a NUL.
        const hmac = createHmac('sha256', secret.key('fingerprint'))
          .update(`${issuerOrgId}\0user\0${user}`)
          .digest('hex');
        return encodeId('ref', uuidOf(hmac));
      });

const userIdPattern = idPattern('usr');

const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
