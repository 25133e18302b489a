import type { EventIds } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { refuseSchedule } from '../scheduled/refuse-schedule.ts';
import { renewalAt } from '../status.ts';

/** Sets what the issuer intends for the end of the term, from now on, or announces it for a later instant. */
export const setRenewal = (
  { data, at }: CommandOf<'SetRenewal'>,
  { facts }: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { to, scheduled } = data;
  const refusal = refuseSchedule(scheduled, at);
  if (refusal !== null) return refusal;
  const from = renewalAt(facts, scheduled?.effectiveAt ?? at);
  if (from === to) return [];
  if (scheduled === undefined) return [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: null } }];
  const { effectiveAt } = scheduled;
  return [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: eventIds(0) }, effectiveAt }];
};
