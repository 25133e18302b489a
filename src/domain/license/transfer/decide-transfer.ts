import { type Rejection, reject } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import { draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import { replaceKeys } from '../keys/decide-keys.ts';
import type { NewKey } from '../keys/key-commands.ts';
import type { IssuedLicense, LicenseFacts, LicenseOffer } from '../license.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { endOfDuration } from '../term/duration-end.ts';
import { maintenanceOfTerm } from '../term/maintenance.ts';
import { withdrawOffer } from './license-offer.ts';

/** What a transfer does. `newKey` replaces every key with RELEASE; absent: the keys stay. */
export type Giving = Pick<LicenseOffer, 'expiry' | 'activations'> & {
  readonly toHolderOrgId: string | null;
  readonly newKey?: NewKey;
};

/**
 * Gives the license to another holder who has consented, if its policy allows. Withdraws the open offer when the
 * license stays with its present holder, or without one.
 */
export const transfer = ({ data, at }: CommandOf<'Transfer'>, license: IssuedLicense): LicenseDecision => {
  const { toHolderOrgId, accepted } = data;
  const { facts } = license;
  if (facts.holderOrgId === toHolderOrgId) return withdrawOffer(facts, at);
  const refusal = refuseTransfer(facts);
  if (refusal !== null) return refusal;
  // A license without a holder needs nobody's agreement.
  if (!accepted && toHolderOrgId !== null)
    return reject('HOLDER_CONSENT_REQUIRED', 'The organization that is to receive the license has not consented.');
  return give(license, data, at);
};

/**
 * Transfers the license. `RELEASE` ends every key, and the devices, leases and users of the old holder. Each end is
 * announced afterwards. `RESET` starts the issued duration anew.
 */
export const give = (license: IssuedLicense, giving: Giving, at: Instant): LicenseDecision => {
  const { facts } = license;
  const { toHolderOrgId, expiry, activations, newKey } = giving;
  const { holderOrgId: fromHolderOrgId } = facts;
  const expiresAt = resetEnd(license, giving, at);
  if (expiresAt !== null && typeof expiresAt !== 'string') return expiresAt;

  const draft = draftOf(license, at);
  // The expiry of an expired term is announced before another term replaces it, so that no expiry is missing.
  if (expiresAt !== null) for (const event of expiryAnnouncement(facts, at)) draft.add(event);
  const open = { activations: license.activations.size, leases: license.leases.size, users: license.users.size };
  const ends = activations === 'RELEASE' ? endsOf(license, 'ALL', open, at) : {};
  draft.add({ type: 'LicenseTransferred', data: { fromHolderOrgId, toHolderOrgId, expiry, activations, ...ends } });
  if (activations === 'RELEASE' && newKey !== undefined)
    for (const event of replaceKeys(license, newKey, at)) draft.add(event);
  if (expiresAt !== null)
    draft.add({
      type: 'LicenseTermStarted',
      data: {
        termNumber: facts.term.number + 1,
        startsAt: at,
        expiresAt,
        trigger: 'TRANSFER',
        ...maintenanceOfTerm(facts, { startsAt: at, expiresAt }),
      },
    });
  return draft.decided();
};

/**
 * Refuses to transfer a license whose policy forbids it. A license that was offered when it was issued, and that nobody
 * accepted, still gets its first holder.
 */
export const refuseTransfer = ({
  licenseId,
  policy,
  holderOrgId,
  offer,
}: LicenseFacts): Rejection<LicenseRejection> | null =>
  policy.transferable || (holderOrgId === null && offer !== null)
    ? null
    : reject('FORBIDDEN', `The policy of license ${licenseId} does not allow to transfer it.`);

/**
 * Returns the end of the term that a transfer at `at` starts. Returns null when the term stays. Refuses a reset of a
 * license without a duration.
 */
export const resetEnd = (
  { facts, issuedDuration }: IssuedLicense,
  { expiry }: Pick<Giving, 'expiry'>,
  at: Instant,
): Instant | null | Rejection<LicenseRejection> => {
  if (expiry === 'KEEP' || facts.term.expiresAt === null) return null;
  return issuedDuration === null
    ? reject('TERM_INVALID', 'A license with a fixed expiry has no duration to start anew.')
    : endOfDuration(at, issuedDuration, facts.timeZone);
};
