import { type EventIds, reject } from '../decider.ts';
import type { LicenseCommand, LicenseDecision } from './commands.ts';
import { activate, deactivate, swap } from './devices/decide-devices.ts';
import { announceEnded } from './endings/decide-announcements.ts';
import {
  addProduct,
  assignUser,
  grantEntitlement,
  removeProduct,
  revokeEntitlement,
  unassignUser,
} from './grants/decide-entitlements.ts';
import {
  changeReference,
  importLicense,
  issue,
  recordReplacement,
  reinstate,
  revoke,
  suspend,
} from './issue/decide-issue.ts';
import { retireKey, rotateKey, transfer } from './keys/decide-keys.ts';
import type { IssuedLicense, License } from './license.ts';
import { cancelScheduled } from './scheduled/decide-scheduled.ts';
import { acquireLease, lapseLease, releaseLease, renewLease } from './seats/decide-seats.ts';
import { expire, renew } from './term/decide-renewal.ts';
import { changeExpiry, endGrace, remind, setRenewal, startTerm } from './term/decide-term.ts';
import { carryOutScheduled, changeTier, convertTrial, endTrial } from './tiers/decide-tiers.ts';
import { changeLimits } from './usage/decide-limits.ts';
import { recordUsage } from './usage/decide-usage.ts';

/** Decides one command on a license: the events it makes true, none when it is so already, or the reason to refuse it. */
export const decide = (command: LicenseCommand, license: License, eventIds: EventIds): LicenseDecision => {
  if (command.type === 'IssueLicense') return issue(command, license);
  if (command.type === 'ImportLicense') return importLicense(command, license);
  if (license.kind === 'unissued') return reject('LICENSE_NOT_FOUND', 'There is no such license.');
  if (command.type === 'RecordReplacement') return recordReplacement(command, license);
  if (command.type === 'AnnounceEnded') return announceEnded(command, license);
  if (license.facts.revokedAt !== null) return decideRevoked(command.type, license.facts.licenseId);
  return decideOnIssued(command, license, eventIds);
};

type First = { readonly type: 'IssueLicense' | 'ImportLicense' | 'RecordReplacement' | 'AnnounceEnded' };

const decideOnIssued = (
  command: Exclude<LicenseCommand, First>,
  license: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  switch (command.type) {
    case 'Activate':
      return activate(command, license);
    case 'Deactivate':
      return deactivate(command, license);
    case 'SwapActivation':
      return swap(command, license);
    case 'AcquireLease':
      return acquireLease(command, license);
    case 'RenewLease':
      return renewLease(command, license);
    case 'ReleaseLease':
      return releaseLease(command, license);
    case 'LapseLease':
      return lapseLease(command, license);
    case 'RecordUsage':
      return recordUsage(command, license);
    case 'AssignUser':
      return assignUser(command, license);
    case 'UnassignUser':
      return unassignUser(command, license);
    case 'Suspend':
      return suspend(command, license, eventIds);
    case 'Reinstate':
      return reinstate(command, license);
    case 'Renew':
      return renew(command, license);
    case 'StartTerm':
      return startTerm(command, license);
    case 'ChangeExpiry':
      return changeExpiry(command, license);
    case 'SetRenewal':
      return setRenewal(command, license, eventIds);
    case 'CancelScheduled':
      return cancelScheduled(command, license);
    case 'CarryOutScheduled':
      return carryOutScheduled(command, license);
    case 'ChangeTier':
    case 'ChangePolicy':
      return changeTier(command, license, eventIds);
    case 'ConvertTrial':
      return convertTrial(command, license);
    case 'EndTrial':
      return endTrial(command, license);
    case 'ChangeLimits':
      return changeLimits(command, license);
    case 'GrantEntitlement':
      return grantEntitlement(command, license);
    case 'RevokeEntitlement':
      return revokeEntitlement(command, license);
    case 'AddProduct':
      return addProduct(command, license);
    case 'RemoveProduct':
      return removeProduct(command, license);
    case 'RotateKey':
      return rotateKey(command, license);
    case 'RetireKey':
      return retireKey(command, license);
    case 'Transfer':
      return transfer(command, license);
    case 'Revoke':
      return revoke(command, license);
    case 'ChangeReference':
      return changeReference(command, license);
    case 'Expire':
      return expire(command, license);
    case 'EndGrace':
      return endGrace(command, license);
    case 'Remind':
      return remind(command, license);
  }
};

// Revocation is final. Revoking again changes nothing, and a sweep that was on its way has not done anything wrong.
const decideRevoked = (command: LicenseCommand['type'], licenseId: string): LicenseDecision =>
  isHarmlessAfterEnd.has(command)
    ? []
    : reject('LICENSE_REVOKED', `License ${licenseId} was revoked, which is final; issue a new license instead.`);

const isHarmlessAfterEnd: ReadonlySet<LicenseCommand['type']> = new Set([
  ...(['Revoke', 'Expire', 'EndGrace', 'EndTrial', 'Remind'] as const),
  ...(['LapseLease', 'RetireKey', 'CarryOutScheduled'] as const),
]);
