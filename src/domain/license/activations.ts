import { reject } from '../decider.ts';
import { type Instant, plusSeconds } from '../time.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from './commands.ts';
import type { DeactivationCause } from './events.ts';
import type { IssuedLicense, LicenseFacts } from './license.ts';
import { isExpired, isNotYetValid, isSuspended } from './status.ts';

/** Binds a device to the license, once per fingerprint, while the limit has room. Good for all products of the license. */
export const activate = ({ data, at }: CommandOf<'Activate'>, license: IssuedLicense): LicenseDecision => {
  const { facts, activations, byFingerprint } = license;
  const limit = facts.limits.activations;
  const refusal = refuseUse(facts, data.product, at);
  if (refusal !== null) return refusal;
  if (byFingerprint.has(data.fingerprintHash)) return [];
  if (activations.size >= limit)
    return reject(
      'ACTIVATION_LIMIT_EXCEEDED',
      `License ${facts.licenseId} is active on ${activations.size} of ${limit} devices; deactivate one first.`,
    );

  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = data;
  return [
    {
      type: 'ActivationRecorded',
      data: {
        activationId,
        fingerprintHash,
        product,
        nameRef,
        platform,
        appVersion,
        countAfter: activations.size + 1,
        limit,
        overage: false,
      },
    },
  ];
};

/**
 * Releases a device; also of a suspended or expired license. Releasing it again changes nothing. The holder is bound to the
 * policy's allowance (counted since the last renewal) and to its cooldown (since the holder's last release).
 */
export const deactivate = ({ data, at }: CommandOf<'Deactivate'>, license: IssuedLicense): LicenseDecision => {
  const { facts, activations, byFingerprint, deactivated } = license;
  const { device, by } = data;
  const named = 'activationId' in device ? device.activationId : device.fingerprintHash;
  const activationId = 'activationId' in device ? device.activationId : byFingerprint.get(device.fingerprintHash);
  if (activationId === undefined || !activations.has(activationId))
    return deactivated.has(named)
      ? []
      : reject('ACTIVATION_NOT_FOUND', `License ${facts.licenseId} was never activated on this device.`);
  if (by === 'ADMIN') return [closed(activationId, 'ADMIN', activations.size)];

  const refusal = refuseRelease(license, at);
  return refusal ?? [closed(activationId, 'USER', activations.size)];
};

/** The one guard of whatever hands out use of a license: refused unless it may be used at `at` for `product`. */
export const refuseUse = (facts: LicenseFacts, product: string | null, at: Instant) => {
  const { licenseId, term, products } = facts;
  if (isSuspended(facts, at)) return refuse('LICENSE_SUSPENDED', `License ${licenseId} is suspended.`);
  if (isExpired(facts, at)) return refuse('LICENSE_EXPIRED', `License ${licenseId} expired at ${term.expiresAt}.`);
  if (isNotYetValid(facts, at))
    return refuse('LICENSE_NOT_STARTED', `License ${licenseId} starts at ${term.startsAt}.`);
  if (product !== null && !products.includes(product))
    return refuse('PRODUCT_NOT_LICENSED', `License ${licenseId} does not cover ${product}.`);
  return null;
};

const refuseRelease = ({ facts, deactivationsInTerm, lastDeactivatedAt }: IssuedLicense, at: Instant) => {
  const { allowed, maxPerTerm, cooldownSeconds } = facts.policy.deactivation;
  if (!allowed)
    return refuse('DEACTIVATION_LIMIT', 'The policy of this license lets only its vendor release a device.');
  if (maxPerTerm !== null && deactivationsInTerm >= maxPerTerm)
    return refuse('DEACTIVATION_LIMIT', `All ${maxPerTerm} deactivations of this term are used; ask the vendor.`);
  if (lastDeactivatedAt === null) return null;
  const coolAt = plusSeconds(lastDeactivatedAt, cooldownSeconds);
  return at < coolAt ? refuse('COOLDOWN_ACTIVE', `The next device can be released from ${coolAt} on.`) : null;
};

const closed = (activationId: string, cause: DeactivationCause, countBefore: number) =>
  ({ type: 'ActivationDeactivated', data: { activationId, cause, countAfter: countBefore - 1 } }) as const;

const refuse = (code: LicenseRejection, detail: string) => reject<LicenseRejection>(code, detail);
