import type { LicenseCommand } from '../../domain/license/commands.ts';
import { refuseBecomingTrial } from '../../domain/license/tiers/decide-tiers.ts';
import type { Instant } from '../../domain/time.ts';
import { findOffer, type OfferRequest, targetOf } from '../catalog/find-offer.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest, scheduledFor } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The policy to move a license to, immediately or from `effectiveAt` on. */
export type PolicyMove = OfferRequest & { readonly effectiveAt?: Instant | undefined };

/** Moves a license to another policy by a command of this type. A paid license cannot become a trial. */
export const moveToPolicy = (
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
  type: 'ChangeTier' | 'ChangePolicy',
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: async (at) => {
      const offered = await findOffer(needs.executor, request.caller.organizationId, move);
      if (isRefusal(offered)) return offered;
      const data = { target: targetOf(offered), ...scheduledFor(move.effectiveAt) };
      const command: LicenseCommand = { type, at, data };
      return {
        at,
        compose: ({ facts }) => {
          const refusal = refuseBecomingTrial(facts, offered.policy);
          return refusal === null ? [command] : { ...refusal, place: [move.tier === undefined ? 'policyId' : 'tier'] };
        },
      };
    },
  });
