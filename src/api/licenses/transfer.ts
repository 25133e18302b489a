import type { PoolClient } from 'pg';
import { z } from 'zod';
import { transferredActivations, transferredExpiries } from '../../domain/license/events-key.ts';
import type { License } from '../../domain/license/license.ts';
import { licenseAggregate } from '../../eventstore/aggregate.ts';
import { giveValues, type Holding, lockMetadata } from '../../projections/tables/vault.ts';
import { none, type Route, route } from '../route.ts';
import { idOf, licensePath, reasonCode, reasonOf } from '../schemas.ts';
import { answerCommand, described, type LicenseCommandNeeds } from './command.ts';
import { noSuchHolder } from './holder.ts';

const body = z
  .strictObject({
    toHolderOrganizationId: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').nullable(),
    // KEEP: the term goes on; RESET: the duration that the license was issued for begins anew.
    expiry: z.enum(transferredExpiries).default('KEEP'),
    activations: z.enum(transferredActivations).default('KEEP'),
    accepted: z.boolean().default(false),
    reason: reasonOf(reasonCode).optional(),
  })
  .meta({
    id: 'TransferLicense',
    example: {
      toHolderOrganizationId: 'org_01h455vb4pex5vsknk084sn02q',
      expiry: 'KEEP',
      activations: 'RELEASE',
      accepted: true,
      reason: { code: 'SOLD' },
    },
  });

/** POST /v1/licenses/{licenseId}/transfer: another holder, which has agreed, or none. */
export const transferLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('transfer', 'transferLicense', 'Give a license to another holder', 'endLicenses', [
      'LICENSE_REVOKED',
      'TERM_INVALID',
    ]),
    description:
      'accepted says that the receiving organization has agreed; without it the transfer is refused. activations RELEASE ends devices, seats and users of the holder before. What is so already changes nothing.',
    request: z.object({ params: licensePath, query: none, body }),
    handle: ({ params, body: asked }, call) => {
      const { toHolderOrganizationId: toHolderOrgId, expiry, activations } = asked;
      return answerCommand(
        needs,
        call,
        'transferLicense',
        { ...params, body: asked },
        {
          command: async (at) => {
            // Nobody has to agree to a license without a holder.
            const accepted = asked.accepted || toHolderOrgId === null;
            const unknown = await noSuchHolder(needs.executor, toHolderOrgId, '/toHolderOrganizationId');
            return unknown ?? { type: 'Transfer', at, data: { toHolderOrgId, accepted, expiry, activations } };
          },
          settle: (db) => giveToHolder(needs, db, params.licenseId),
        },
      );
    },
  });

/**
 * What the issuer noted, and the names of devices that stay, go with the license to its holder. Of two transfers at once the
 * one that comes here last finds the holder of both in the stream.
 */
const giveToHolder = async ({ executor }: LicenseCommandNeeds, db: PoolClient, licenseId: string): Promise<void> => {
  await lockMetadata(db, licenseId);
  const holding = await executor.read(licenseAggregate, licenseId, holdingOf);
  if (holding !== null) await giveValues(db, licenseId, holding);
};

const holdingOf = (license: License): Holding | null => {
  if (license.kind === 'unissued') return null;
  const names = [...license.activations.values()].flatMap(({ nameRef }) => (nameRef === null ? [] : [nameRef]));
  return { holderOrgId: license.facts.holderOrgId, names };
};
