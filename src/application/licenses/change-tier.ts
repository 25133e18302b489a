import type { PaidTerm } from '../../domain/license/license.ts';
import type { Refusal } from '../refusal.ts';
import type { ChangedLicense, LicenseRequest } from './change-license.ts';
import { moveToPolicy, type PolicyMove } from './move-to-policy.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** Moves a license to another tier or policy, with everything that the policy grants. */
export const changeTier = (
  needs: CommandNeeds,
  request: LicenseRequest,
  move: PolicyMove,
): Promise<ChangedLicense<PaidTerm | null> | Refusal> => moveToPolicy(needs, request, move, 'ChangeTier');
