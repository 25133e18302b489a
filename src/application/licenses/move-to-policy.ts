import { isRejection } from '../../domain/decider.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { IssuedLicense, PaidTerm } from '../../domain/license/license.ts';
import { paidTermOf, repeatedPurchase } from '../../domain/license/term/paid-terms.ts';
import { refuseBecomingTrial } from '../../domain/license/tiers/decide-tiers.ts';
import type { ConversionTerm } from '../../domain/license/tiers/tier-commands.ts';
import type { Instant } from '../../domain/time.ts';
import { findOffer, type OfferRequest, type OverridesRule, targetOf } from '../catalog/find-offer.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest, scheduledFor } from './change-license.ts';
import { refuseUnconfirmed } from './preview/confirm-losses.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The policy to move a license to, immediately or from `effectiveAt` on. */
export type PolicyMove = OfferRequest &
  MoveRules & {
    readonly effectiveAt?: Instant | undefined;
    /** The term that an immediate move starts, and its payment. Absent: the license keeps its term. */
    readonly term?: ConversionTerm | undefined;
    readonly billingRef?: string | undefined;
  };

/** How a license moves to another policy. */
export type MoveRules = {
  /** What happens to the overrides of the license; absent: it keeps them. */
  readonly overrides?: OverridesRule | undefined;
  /** True: the license may lose products or paid time. Absent: a change that takes some is refused. */
  readonly confirm?: boolean | undefined;
};

/** Moves a license to another policy by a command of this type. A paid license cannot become a trial. */
export const moveToPolicy = (
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
  type: 'ChangeTier' | 'ChangePolicy',
): Promise<ChangedLicense<PaidTerm | null> | Refusal> =>
  changeLicense(needs, request, {
    power: 'sellLicenses',
    command: async (at) => {
      const offered = await findOffer(needs.executor, request.caller.organizationId, move);
      const { term, billingRef } = move;
      const paid = { ...(term === undefined ? {} : { term }), ...(billingRef === undefined ? {} : { billingRef }) };
      return {
        at,
        compose: (license: IssuedLicense) => {
          const repeated =
            term === undefined ? null : repeatedPurchase(license, { ...move, billingRef: billingRef ?? null });
          if (repeated !== null) return isRejection(repeated) ? repeated : [];
          if (isRefusal(offered)) return offered;
          const refusal = refuseBecomingTrial(license.facts, offered.policy);
          if (refusal !== null) return { ...refusal, place: [move.tier === undefined ? 'policyId' : 'tier'] };
          const data = { target: targetOf(offered, move.overrides), ...scheduledFor(move.effectiveAt), ...paid };
          const command: LicenseCommand = { type, at, data };
          return (mayLose(request, move) ? null : refuseUnconfirmed(license, command)) ?? [command];
        },
      };
    },
    view: (license) => paidTermOf(license, move.billingRef),
  });

/** Returns true when the request may take products from the license: it says so, or is a preview. */
export const mayLose = ({ isPreview }: LicenseRequest, { confirm }: MoveRules): boolean =>
  isPreview === true || confirm === true;
