import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import type { IssuedLicense } from '../license.ts';
import { withdrawals } from '../scheduled/withdraw-announced.ts';
import { endsOf } from './ending-counts.ts';

/**
 * Ends the license for ever, with every open activation and lease, and withdraws every announced change. An event of
 * its own announces each of them afterwards.
 */
export const revoke = ({ data, at }: CommandOf<'Revoke'>, license: IssuedLicense): LicenseDecision => {
  const draft = draftOf(license, at);
  const open = { activations: license.activations.size, leases: license.leases.size, users: 0 };
  const { reasonCode } = data;
  draft.add({ type: 'LicenseRevoked', data: { reasonCode, ...endsOf(license, 'ALL', open, at) } });
  for (const event of withdrawals(license.facts, at, () => true)) draft.add(event);
  return draft.decided();
};
