import type { TurnPlace } from '../../records/turns.ts';
import type { LicenseRequest } from './change-license.ts';

/** The turn to change what the vault has of a license and its stream decides: the metadata, and who may read it. */
export const metadataTurn = ({
  caller,
  licenseId,
  attempt,
}: Pick<LicenseRequest, 'caller' | 'licenseId' | 'attempt'>): TurnPlace => ({
  organizationId: caller.organizationId,
  key: `license metadata ${licenseId}`,
  token: attempt.commandId,
});
