import { type Rejection, reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';

/** Refuses the license `by` as the replacement of a license that is not revoked, or that another license replaces. */
export const refuseReplacement = (
  { revokedAt, replacedBy }: Pick<LicenseFacts, 'revokedAt' | 'replacedBy'>,
  by: string,
): Rejection<'INVALID_REQUEST'> | null => {
  if (revokedAt === null) return reject('INVALID_REQUEST', 'This license is not revoked; there is nothing to replace.');
  if (replacedBy === null || replacedBy === by) return null;
  return reject('INVALID_REQUEST', `It was replaced by ${replacedBy} already.`);
};

/** Notes, once, which license replaces this revoked one. */
export const recordReplacement = (
  { data }: CommandOf<'RecordReplacement'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const refusal = refuseReplacement(facts, data.by);
  if (refusal !== null) return refusal;
  if (facts.replacedBy === data.by) return [];
  return [{ type: 'ReplacementIssued', data: { by: data.by } }];
};
