import type { Origination } from '../../domain/license/commands.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { hashLicenseKey, licenseKeyHashes, licenseKeyHint } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Attempt } from '../idempotency.ts';
import { type Problem, problem } from '../problems.ts';

/** What events hold of the key whose body is the secret of an attempt. */
export const keyOf = (secrets: Secrets, { secret }: Attempt): Origination['key'] => {
  const { hash, secretId } = hashLicenseKey(secrets, secret);
  return { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(secret) };
};

/**
 * Refuses to show the key of an attempt where its events made another one: the request was carried out before and is
 * forgotten by now, and with it its key. Null: they made this one.
 */
export const refuseForgottenKey = (
  secrets: Secrets,
  { secret }: Attempt,
  licenseId: string,
  events: readonly Recorded[],
): Problem | null => {
  const made = events.find(({ data }) => 'keyHash' in data)?.data.keyHash;
  if (licenseKeyHashes(secrets, secret).some((hash) => hash.toString('hex') === made)) return null;
  return problem(
    'IDEMPOTENCY_KEY_REUSED',
    `This request was carried out more than 24 hours ago. The key of ${licenseId} was shown then and is stored nowhere; rotate it for another one.`,
  );
};
