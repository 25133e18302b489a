import type { LicenseCommand } from '../../domain/license/commands.ts';
import { refuseBecomingTrial } from '../../domain/license/tiers/decide-tiers.ts';
import type { Instant } from '../../domain/time.ts';
import { findOffer, type OfferRequest, targetOf } from '../catalog/find-offer.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest, scheduledFor } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The policy to move to, at once or from `effectiveAt` on. */
export type PolicyMove = OfferRequest & { readonly effectiveAt?: Instant | undefined };

/** Moves a license to another tier or policy with all that it grants. */
export const changeTier = (
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
): Promise<ChangedLicense | Refusal> => changePolicyBy('ChangeTier', needs, request, move);

/** Moves a license to another policy of its tier, or to another version of its policy. */
export const changePolicy = (
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
): Promise<ChangedLicense | Refusal> => changePolicyBy('ChangePolicy', needs, request, move);

const changePolicyBy = (
  type: 'ChangeTier' | 'ChangePolicy',
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
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
