import { reject } from '../../decider.ts';
import { plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import { announcement, endOf } from '../term/decide-renewal.ts';

/** Gives the license another key. The present one works until the end of the overlap; without any it is retired at once. */
export const rotateKey = ({ data, at }: CommandOf<'RotateKey'>, { facts }: IssuedLicense): LicenseDecision => {
  const { keyHash, secretId, hint, overlapSeconds, cause } = data;
  if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0)
    return reject('LIMIT_INVALID', `An overlap must be a whole number of seconds, 0 or more, not ${overlapSeconds}.`);
  const fromVersion = facts.keyVersion;
  const overlapUntil = plusSeconds(at, overlapSeconds);
  const rotated: LicenseEvent = {
    type: 'LicenseKeyRotated',
    data: { fromVersion, toVersion: fromVersion + 1, keyHash, secretId, hint, overlapUntil, cause },
  };
  return overlapSeconds === 0 ? [rotated, { type: 'LicenseKeyRetired', data: { keyVersion: fromVersion } }] : [rotated];
};

/** Announces that a rotated key works no more, at the instant its overlap ended. Once. */
export const retireKey = ({ data, at }: CommandOf<'RetireKey'>, { facts }: IssuedLicense): LicenseDecision => {
  const overlap = facts.keyOverlaps.find(({ keyVersion }) => keyVersion === data.keyVersion);
  if (overlap === undefined || at < overlap.until) return [];
  return [{ type: 'LicenseKeyRetired', data: { keyVersion: data.keyVersion }, effectiveAt: overlap.until }];
};

/**
 * Gives the license to another holder that has agreed, if its policy allows. `RELEASE`: devices, leases and users of the old
 * holder are taken off, and each is announced afterwards. `RESET`: the duration that it was issued for begins anew.
 */
export const transfer = ({ data, at }: CommandOf<'Transfer'>, license: IssuedLicense): LicenseDecision => {
  const { toHolderOrgId, accepted, expiry, activations } = data;
  const { facts, issuedDuration } = license;
  const { holderOrgId: fromHolderOrgId } = facts;
  if (fromHolderOrgId === toHolderOrgId) return [];
  if (!facts.policy.transferable)
    return reject('FORBIDDEN', `The policy of license ${facts.licenseId} does not allow to transfer it.`);
  // Nobody has to agree to a license without a holder.
  if (!accepted && toHolderOrgId !== null)
    return reject('FORBIDDEN', 'The organization that is to receive the license has not agreed.');
  const expiresAt = issuedDuration === null ? null : endOf(at, issuedDuration, facts.timeZone);
  const isReset = expiry === 'RESET' && facts.term.expiresAt !== null;
  if (isReset && typeof expiresAt !== 'string')
    return (
      expiresAt ?? reject('TERM_INVALID', 'A license that was issued to a fixed date has no duration to begin anew.')
    );

  const draft = draftOf(license, at);
  // A term that ran out unannounced is announced before it is replaced, so that no expiry goes missing.
  if (isReset) for (const event of announcement(facts, at)) draft.add(event);
  const open = { activations: license.activations.size, leases: license.leases.size, users: license.users.size };
  const ends = activations === 'RELEASE' ? endsOf(license, 'ALL', open, at) : {};
  draft.add({ type: 'LicenseTransferred', data: { fromHolderOrgId, toHolderOrgId, expiry, activations, ...ends } });
  if (isReset && typeof expiresAt === 'string')
    draft.add({
      type: 'LicenseTermStarted',
      data: { termNumber: facts.term.number + 1, startsAt: at, expiresAt, trigger: 'TRANSFER' },
    });
  return draft.decided();
};
