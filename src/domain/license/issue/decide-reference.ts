import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';

/** Changes the name of the license in the issuer's own books; null removes it. */
export const changeReference = (
  { data: { to } }: CommandOf<'ChangeReference'>,
  { facts: { externalRef: from } }: IssuedLicense,
): LicenseDecision => (from === to ? [] : [{ type: 'LicenseReferenceChanged', data: { from, to } }]);
