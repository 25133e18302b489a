import type { PoolClient } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { License } from '../../domain/license/license.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { giveValues, type Holding } from '../../records/vault.ts';
import { inTurn, type Turn } from '../in-turn.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { refuseHolder } from './holder.ts';
import { metadataTurn } from './metadata-turn.ts';
import type { CommandNeeds } from './send-license-command.ts';

/**
 * Transfers a license to a holder that has agreed, or to no holder. The event ends all devices, seats and users of the
 * previous holder when the request releases them. Further events announce each end.
 */
export const transferLicense = (
  needs: CommandNeeds,
  request: LicenseRequest,
  transfer: CommandOf<'Transfer'>['data'],
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'endLicenses',
    command: async (at) => {
      const refusal = await refuseHolder(needs.executor, transfer.toHolderOrgId, 'toHolderOrganizationId');
      return refusal ?? { type: 'Transfer', at, data: transfer };
    },
    settle: () => inTurn(needs.pool, metadataTurn(request), (turn) => giveToHolder(needs, request, turn)),
  });

/**
 * Lets the holder of the license read its metadata and the names of the devices that stay. The last of several
 * concurrent transfers finds the current holder in the stream.
 */
const giveToHolder = async (
  { executor, pool }: CommandNeeds,
  { caller, licenseId }: LicenseRequest,
  turn: Turn,
): Promise<void> => {
  const holding = await executor.read(licenseAggregate, licenseId, holdingOf);
  if (holding === null) return;
  const give = async (db: PoolClient): Promise<void> => {
    await turn.end(db);
    await giveValues(db, licenseId, holding);
  };
  await asTenant(pool, caller.organizationId, give, { readOnly: false });
};

const holdingOf = (license: License): Holding | null => {
  if (license.kind === 'unissued') return null;
  const names = [...license.activations.values()].flatMap(({ nameRef }) => (nameRef === null ? [] : [nameRef]));
  return { holderOrgId: license.facts.holderOrgId, names };
};
