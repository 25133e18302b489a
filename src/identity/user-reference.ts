import { createHmac } from 'node:crypto';
import { encodeId, idPattern } from '../domain/ids.ts';
import type { Secrets } from './secrets.ts';

/**
 * Returns the references that a user may be stored under. New assignments use the first; the others belong to older
 * secrets. A user id of this server (usr_…) is its own reference. Any other text of 1–256 characters becomes `ref_…`
 * with 128 bits of an HMAC, so that no event contains a name or e-mail address. It depends on the issuer, like a
 * fingerprint.
 */
export const userReferences = (secrets: Secrets, issuerOrgId: string, user: string): readonly string[] =>
  userIdPattern.test(user)
    ? [user]
    : secrets.all.map((secret) => {
        // The NUL makes it differ from the fingerprint of a device with the same text, which cannot contain a NUL.
        const hmac = createHmac('sha256', secret.key('fingerprint'))
          .update(`${issuerOrgId}\0user\0${user}`)
          .digest('hex');
        return encodeId('ref', uuidOf(hmac));
      });

const userIdPattern = idPattern('usr');

const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
