import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense } from '../license.ts';
import { withdrawals } from '../scheduled/withdraw-announced.ts';
import { endsOf } from './ending-counts.ts';

/**
 * Withdraws every announced change, and ends the license for ever, with every open activation and lease. An event of
 * its own announces each of them afterwards. So nothing but announcements follows the revocation. Earlier releases
 * wrote the withdrawals after it.
 */
export const revoke = ({ data, at }: CommandOf<'Revoke'>, license: IssuedLicense): LicenseDecision => {
  const draft = draftOf(license, at);
  const open = { activations: license.activations.size, leases: license.leases.size, users: 0 };
  const { reasonCode } = data;
  for (const event of withdrawals(license.facts, at, () => true)) draft.add(event);
  draft.add({ type: 'LicenseRevoked', data: { reasonCode, ...endsOf(license, 'ALL', open, at) } });
  return draft.decided();
};
