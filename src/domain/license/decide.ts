import { type EventIds, isRejection, reject } from '../decider.ts';
import type { LicenseCommand, LicenseDecision } from './commands.ts';
import { decideDevices } from './devices/decide-devices.ts';
import { announceEnded } from './endings/decide-announcements.ts';
import { revoke } from './endings/decide-revocation.ts';
import type { LicenseEvent } from './events.ts';
import { decideGrants } from './grants/decide-grants.ts';
import { importLicense, issue } from './issue/decide-issue.ts';
import { changeReference } from './issue/decide-reference.ts';
import { recordReplacement } from './issue/decide-replacement.ts';
import { decideKeys } from './keys/decide-keys.ts';
import type { IssuedLicense, License } from './license.ts';
import { decideScheduled } from './scheduled/decide-scheduled.ts';
import { decideSeats } from './seats/decide-seats.ts';
import { settle, settledBytesMax } from './settle.ts';
import { decideSuspension } from './suspension/decide-suspension.ts';
import { decideTerm } from './term/decide-term.ts';
import { decideTiers } from './tiers/decide-tiers.ts';
import { decideTransfers } from './transfer/decide-transfers.ts';
import { decideUsage } from './usage/decide-usage.ts';
import { withRetryAt } from './usage/retry-at.ts';

/** Decides one command on a license. Returns its events, none when it changes nothing, or the reason to refuse it. */
export const decide = (command: LicenseCommand, license: License, eventIds: EventIds): LicenseDecision => {
  if (command.type === 'IssueLicense') return issue(command, license);
  if (command.type === 'ImportLicense') return importLicense(command, license);
  if (license.kind === 'unissued') return reject('LICENSE_NOT_FOUND', 'There is no such license.');
  if (command.type === 'RecordReplacement') return recordReplacement(command, license);
  if (command.type === 'AnnounceEnded') return announceEnded(command, license);
  if (license.facts.revokedAt !== null) return decideRevoked(command.type, license.facts.licenseId);
  if (isDueCommand(command.type)) return decideOnIssued(command, license, eventIds);
  return decideAfterDue(command, license, eventIds);
};

/**
 * Decides a command after what has fallen due on the license, in one append. What has fallen due does not belong to the
 * sender. A command that is refused or changes nothing leaves it to the next one, or to the worker. So does a command
 * that would not fit into its append with all of it.
 */
const decideAfterDue = (command: Later, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  const { license: settled, events } = settle(license, command.at, settledBytesMax);
  const decision = decideOnIssued(command, settled, (index) => eventIds(events.length + index));
  if (isRejection(decision))
    return withRetryAt(decision, command, settled, (repeated) =>
      decideOnIssued(repeated, settle(license, repeated.at, settledBytesMax).license, eventIds),
    );
  return decision.length === 0 ? decision : [...events.map(byLedger), ...decision];
};

/** Marks an event that fell due before the command. It gets the actor SYSTEM and no reason, because nobody sent it. */
const byLedger = (event: LicenseEvent): LicenseEvent => ({ ...event, byLedger: true });

type Later = Exclude<LicenseCommand, First>;

type First = { readonly type: 'IssueLicense' | 'ImportLicense' | 'RecordReplacement' | 'AnnounceEnded' };

const decideOnIssued = (command: Later, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  switch (command.type) {
    case 'Activate':
    case 'Deactivate':
    case 'ChangeDevice':
    case 'ReleaseUnseen':
    case 'ReleaseExpired':
    case 'SwapActivation':
      return decideDevices(command, license);
    case 'AcquireLease':
    case 'RenewLease':
    case 'ReleaseLease':
    case 'LapseLease':
      return decideSeats(command, license);
    case 'RecordUsage':
    case 'ResetUsage':
    case 'ChangeLimits':
      return decideUsage(command, license);
    case 'Suspend':
    case 'Reinstate':
    case 'EndSuspension':
      return decideSuspension(command, license, eventIds);
    case 'StartTerm':
    case 'Renew':
    case 'ChangeExpiry':
    case 'ChangeMaintenance':
    case 'SetRenewal':
    case 'Expire':
    case 'EndGrace':
    case 'Remind':
      return decideTerm(command, license, eventIds);
    case 'CancelScheduled':
    case 'CarryOutScheduled':
      return decideScheduled(command, license);
    case 'ChangeTier':
    case 'ChangePolicy':
    case 'ConvertTrial':
    case 'EndTrial':
      return decideTiers(command, license, eventIds);
    case 'AssignUser':
    case 'UnassignUser':
    case 'GrantEntitlement':
    case 'RevokeEntitlement':
    case 'EndEntitlements':
    case 'AddProduct':
    case 'RemoveProduct':
      return decideGrants(command, license);
    case 'RotateKey':
    case 'RetireKey':
    case 'EndKeyOverlap':
      return decideKeys(command, license);
    case 'Transfer':
    case 'OfferLicense':
    case 'AcceptOffer':
    case 'DeclineOffer':
      return decideTransfers(command, license);
    case 'Revoke':
      return revoke(command, license);
    case 'ChangeReference':
      return changeReference(command, license);
  }
};

// Revocation is final. Revoking again changes nothing, and a late command of the worker is no mistake.
const decideRevoked = (command: LicenseCommand['type'], licenseId: string): LicenseDecision =>
  isHarmlessAfterEnd.has(command)
    ? []
    : reject('LICENSE_REVOKED', `License ${licenseId} was revoked, which is final; issue a new license instead.`);

const isHarmlessAfterEnd: ReadonlySet<LicenseCommand['type']> = new Set([
  'Revoke',
  'Expire',
  'EndGrace',
  'EndTrial',
  'Remind',
  'LapseLease',
  'ReleaseUnseen',
  'ReleaseExpired',
  'RetireKey',
  'CarryOutScheduled',
  'EndSuspension',
  'EndEntitlements',
]);

// The worker sends these in the order in which they fell due. They are what `settle` decides.
const dueTypes: ReadonlySet<LicenseCommand['type']> = new Set([
  'Expire',
  'EndGrace',
  'EndTrial',
  'RetireKey',
  'CarryOutScheduled',
  'EndSuspension',
  'EndEntitlements',
  'Remind',
]);
const isDueCommand = (type: LicenseCommand['type']): boolean => dueTypes.has(type);
