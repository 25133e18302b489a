import { reject } from '../../domain/decider.ts';
import type { Origination } from '../../domain/license/issue/issue-commands.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { hashLicenseKey, licenseKeyHashes, licenseKeyHint } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import type { Refusal } from '../refusal.ts';

/** Returns what events store of a key. The secret of the attempt is the body of the key. */
export const keyOf = (secrets: Secrets, { secret }: Attempt): Origination['key'] => {
  const { hash, secretId } = hashLicenseKey(secrets, secret);
  return { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(secret) };
};

/**
 * Refuses to return the key of an attempt when the stored events contain a different one. The request was then carried
 * out so long ago that its attempt with its key is forgotten, or Postgres was restored from before it.
 */
export const refuseForgottenKey = (
  secrets: Secrets,
  { secret }: Attempt,
  licenseId: string,
  events: readonly Recorded[],
): Refusal | null => {
  const storedHash = events.find(({ data }) => 'keyHash' in data)?.data.keyHash;
  if (licenseKeyHashes(secrets, secret).some((hash) => hash.toString('hex') === storedHash)) return null;
  return reject(
    'IDEMPOTENCY_KEY_REUSED',
    `This request was carried out more than 24 hours ago, or before a restore. Its answer contained the key of ${licenseId}, which is stored nowhere. Rotate the key to get a new one.`,
  );
};
