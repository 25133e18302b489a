import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { carryOutTierChange } from '../tiers/carry-out-tier-change.ts';
import type { ScheduledCommand } from './scheduled-commands.ts';

/** Decides a command about an announced change. */
export const decideScheduled = (command: ScheduledCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'CancelScheduled':
      return cancelScheduled(command, license);
    case 'CarryOutScheduled':
      return carryOutTierChange(command, license);
  }
};

/** Withdraws an announced change before it takes effect. */
const cancelScheduled = (
  { data: { eventId }, at }: CommandOf<'CancelScheduled'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const announced = facts.scheduled.find((change) => change.eventId === eventId);
  if (announced === undefined)
    return reject(
      'NOT_FOUND',
      `License ${facts.licenseId} has no open change that this event announced: it took effect, was withdrawn or replaced, or was never announced.`,
    );
  if (announced.effectiveAt <= at)
    return reject('NOT_FOUND', `The change that ${eventId} announced took effect at ${announced.effectiveAt}.`);
  return [{ type: 'ScheduledChangeCancelled', data: { eventId } }];
};
