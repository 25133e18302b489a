import type { EventIds } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { refuseSchedule } from '../scheduled/refuse-schedule.ts';
import { withdrawKind } from '../scheduled/withdraw-announced.ts';
import { renewalAt } from '../status.ts';
import type { RenewalMode } from './term-events.ts';

/**
 * Sets what the issuer intends for the end of the term, from now on, or announces it for a later instant. Replaces what
 * was announced before, so that a cancelled cancellation does not come back.
 */
export const setRenewal = (
  { data, at }: CommandOf<'SetRenewal'>,
  { facts }: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { to, scheduled } = data;
  const refusal = refuseSchedule(scheduled, at);
  if (refusal !== null) return refusal;
  const from = renewalAt(facts, at);
  const replaced = withdrawKind(facts, 'RENEWAL', at);
  if (scheduled === undefined)
    return from === to ? replaced : [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: null } }, ...replaced];
  const { effectiveAt } = scheduled;
  if (isAnnounced(facts, { to, effectiveAt }, at)) return [];
  // Announcing the mode of today only withdraws another one.
  if (from === to) return replaced;
  return [{ type: 'LicenseRenewalChanged', data: { from, to, eventId: eventIds(0) }, effectiveAt }, ...replaced];
};

const isAnnounced = (
  { scheduled }: LicenseFacts,
  { to, effectiveAt }: { readonly to: RenewalMode; readonly effectiveAt: Instant },
  at: Instant,
): boolean => {
  const open = scheduled.filter(({ change, effectiveAt: from }) => change.kind === 'RENEWAL' && from > at);
  const [announced] = open;
  if (open.length !== 1 || announced?.change.kind !== 'RENEWAL') return false;
  return announced.change.to === to && announced.effectiveAt === effectiveAt;
};
