import type { CommandOf } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { policyMove } from '../overrides/policy-move.ts';
import { expiryAnnouncement } from '../term/decide-expiry.ts';
import { maintenanceOfTerm } from '../term/maintenance.ts';
import { addUnrefusedConsequences, tierChanged } from './policy-consequences.ts';
import type { Target } from './tier-events.ts';

/**
 * Returns true for a trial that becomes another license at its end. A trial without a pinned target expires: it began
 * as another license.
 */
export const isDowngradedTrial = ({ policy, afterTrial }: Pick<LicenseFacts, 'policy' | 'afterTrial'>): boolean =>
  policy.type === 'TRIAL' && policy.trialEnd === 'DOWNGRADE' && afterTrial !== null;

/**
 * Ends an expired trial, with the instant of its expiry. Announces the expiry and, when the policy says so, downgrades
 * the license without end to what was pinned when the trial began. Changes nothing when the command repeats, comes too
 * early, or names another term.
 */
export const endTrial = ({ data, at }: CommandOf<'EndTrial'>, license: IssuedLicense): readonly LicenseEvent[] => {
  const { facts } = license;
  const { number, expiresAt } = facts.term;
  const { policy, afterTrial } = facts;
  if (data.termNumber !== number || policy.type !== 'TRIAL' || expiresAt === null || at < expiresAt) return [];
  if (!isDowngradedTrial(facts) || afterTrial === null) return expiryAnnouncement(facts, at);

  const draft = draftOf(license, at, expiresAt);
  const move = policyMove(facts, withProductsOf(facts, afterTrial));
  for (const event of expiryAnnouncement(facts, at)) draft.add(event);
  draft.add(tierChanged(license, move, { cause: 'TRIAL_ENDED', scheduledBy: null }));
  addUnrefusedConsequences(draft, move);
  draft.add({
    type: 'LicenseTermStarted',
    data: {
      termNumber: number + 1,
      startsAt: expiresAt,
      expiresAt: null,
      trigger: 'TRIAL_ENDED',
      ...maintenanceOfTerm({ ...facts, policy: move.policy }, { startsAt: expiresAt, expiresAt: null }),
    },
  });
  return draft.decided();
};

// The end of a trial removes products that the target does not cover, and adds none. Those that the issuer added stay.
const withProductsOf = ({ products }: LicenseFacts, target: Target): Target => {
  const { products: covered } = target;
  return covered === null ? target : { ...target, products: products.filter((code) => covered.includes(code)) };
};
