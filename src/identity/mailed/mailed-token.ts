import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret, Secrets } from '../secrets.ts';

/** What a mailed token is for. A token works only for its own kind. */
export type MailedKind = 'invitation' | 'password-reset';

const prefix = 'lgr_mail_';
const macBytes = 32;

/**
 * Returns the token that a mail contains: the ids of what it is for, signed under a key of its own. It is shown to nobody
 * but the reader of the mail, so it proves the address. It can be derived again, so neither the token nor a hash of it
 * is stored.
 */
export const createMailedToken = (secrets: Secrets, kind: MailedKind, ids: readonly [string, string]): string => {
  const text = ids.join('.');
  return prefix + Buffer.concat([macOf(secrets.signing, kind, text), Buffer.from(text)]).toString('base64url');
};

/** Returns the ids of a mailed token. Returns null for a text that this server did not mail for this purpose. */
export const readMailedToken = (
  secrets: Secrets,
  kind: MailedKind,
  token: string,
): readonly [string, string] | null => {
  if (!token.startsWith(prefix)) return null;
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url');
  const [mac, text] = [bytes.subarray(0, macBytes), bytes.toString('utf8', macBytes)];
  if (mac.length < macBytes || !secrets.all.some((secret) => timingSafeEqual(macOf(secret, kind, text), mac)))
    return null;
  const [first = '', second = ''] = text.split('.');
  return [first, second];
};

const macOf = (secret: Secret, kind: MailedKind, text: string): Buffer =>
  createHmac('sha256', secret.key('mailed-token')).update(`${kind}\0${text}`).digest();
