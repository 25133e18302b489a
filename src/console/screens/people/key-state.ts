import type { ApiKey } from '../../types.ts';

/** Returns true for a key that is neither revoked nor expired. */
export const isInForce = (
  { revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  now = Date.now(),
): boolean => revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now);

/** Returns true while the secret before the last rotation still works. */
export const isOverlapping = (apiKey: Pick<ApiKey, 'revokedAt' | 'expiresAt' | 'overlapUntil'>, now = Date.now()) =>
  isInForce(apiKey, now) && apiKey.overlapUntil !== null && Date.parse(apiKey.overlapUntil) > now;

/** Returns how many keys a removal that revokes keys has left in force. Returns 0 when it revoked none. */
export const keysLeft = (apiKeys: readonly Pick<ApiKey, 'revokedAt' | 'expiresAt'>[], now = Date.now()): number =>
  apiKeys.some(({ revokedAt }) => revokedAt !== null) ? apiKeys.filter((key) => isInForce(key, now)).length : 0;

/** Returns the instant so many days after `now`, and null for a text that is no number of days. */
export const expiryIn = (days: unknown, now: number): string | null => {
  const count = Number(days);
  return Number.isInteger(count) && count > 0 ? new Date(now + count * 86_400_000).toISOString() : null;
};

/** Returns the codes in a text with commas between them, and null when it has none. */
export const codesIn = (text: unknown): string[] | null => {
  const codes = String(text ?? '')
    .split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '');
  return codes.length === 0 ? null : [...new Set(codes)];
};
