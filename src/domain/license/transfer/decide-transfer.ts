import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import { replaceKeys } from '../keys/decide-keys.ts';
import type { IssuedLicense } from '../license.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { endOfDuration } from '../term/duration-end.ts';

/**
 * Gives the license to another holder who has agreed, if its policy allows. `RELEASE` ends the devices, leases and
 * users of the old holder, each of which is announced afterwards, and every key. `RESET` starts the issued duration
 * anew.
 */
export const transfer = ({ data, at }: CommandOf<'Transfer'>, license: IssuedLicense): LicenseDecision => {
  const { toHolderOrgId, accepted, expiry, activations, newKey } = data;
  const { facts, issuedDuration } = license;
  const { holderOrgId: fromHolderOrgId } = facts;
  if (fromHolderOrgId === toHolderOrgId) return [];
  if (!facts.policy.transferable)
    return reject('FORBIDDEN', `The policy of license ${facts.licenseId} does not allow to transfer it.`);
  // A license without a holder needs nobody's agreement.
  if (!accepted && toHolderOrgId !== null)
    return reject('FORBIDDEN', 'The organization that is to receive the license has not agreed.');
  const expiresAt = issuedDuration === null ? null : endOfDuration(at, issuedDuration, facts.timeZone);
  const isReset = expiry === 'RESET' && facts.term.expiresAt !== null;
  if (isReset && typeof expiresAt !== 'string')
    return expiresAt ?? reject('TERM_INVALID', 'A license with a fixed expiry has no duration to start anew.');

  const draft = draftOf(license, at);
  // The expiry of an expired term is announced before another term replaces it, so that no expiry is missing.
  if (isReset) for (const event of expiryAnnouncement(facts, at)) draft.add(event);
  const open = { activations: license.activations.size, leases: license.leases.size, users: license.users.size };
  const ends = activations === 'RELEASE' ? endsOf(license, 'ALL', open, at) : {};
  draft.add({ type: 'LicenseTransferred', data: { fromHolderOrgId, toHolderOrgId, expiry, activations, ...ends } });
  if (activations === 'RELEASE' && newKey !== undefined)
    for (const event of replaceKeys(license, newKey, at)) draft.add(event);
  if (isReset && typeof expiresAt === 'string')
    draft.add({
      type: 'LicenseTermStarted',
      data: { termNumber: facts.term.number + 1, startsAt: at, expiresAt, trigger: 'TRANSFER' },
    });
  return draft.decided();
};
