import type { TurnPlace } from '../../records/turns.ts';

/** A license that a command changes. `token` is the id of the command. */
export type LicenseInTurn = { readonly issuerOrgId: string; readonly licenseId: string; readonly token: string };

/** The turn to change what the vault has of a license and its stream decides: the metadata, and who may read it. */
export const metadataTurn = ({ issuerOrgId, licenseId, token }: LicenseInTurn): TurnPlace => ({
  organizationId: issuerOrgId,
  key: `license metadata ${licenseId}`,
  token,
});
