import type { CommandOf } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import { policyMove } from '../overrides/policy-move.ts';
import { addUnrefusedConsequences, tierChanged } from './policy-consequences.ts';

/**
 * Carries out an announced tier change when its time has come, with the announced instant. Changes nothing before,
 * after, or when it was withdrawn.
 */
export const carryOutTierChange = (
  { data: { eventId }, at }: CommandOf<'CarryOutScheduled'>,
  license: IssuedLicense,
): readonly LicenseEvent[] => {
  const due = license.facts.scheduled.find((announced) => announced.eventId === eventId && announced.effectiveAt <= at);
  if (due?.change.kind !== 'TIER') return [];
  const move = policyMove(license.facts, due.change.target);
  const draft = draftOf(license, at, due.effectiveAt);
  // The event comes even when the license has the policy already: it ends the announcement.
  draft.add(tierChanged(license, move, { cause: 'SCHEDULED', scheduledBy: eventId }));
  addUnrefusedConsequences(draft, move);
  return draft.decided();
};
