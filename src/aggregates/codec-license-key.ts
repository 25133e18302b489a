import { z } from 'zod';
import { rotationCauses } from '../domain/license/keys/key-events.ts';
import { offerEnds, transferredActivations, transferredExpiries } from '../domain/license/transfer/transfer-events.ts';
import { instant, sha256Hex } from '../eventstore/envelope.ts';
import { ends, event, id, ordinal } from './codec-fields.ts';

/** The schemas of the events about keys, transfer and replacement of a license. */
export const keyEvents = [
  event(
    'LicenseKeyRotated',
    z.object({
      fromVersion: ordinal,
      toVersion: ordinal,
      keyHash: sha256Hex,
      secretId: id,
      hint: id,
      overlapUntil: instant,
      cause: z.enum(rotationCauses),
    }),
  ),
  event('LicenseKeyRetired', z.object({ keyVersion: ordinal })),
  event(
    'LicenseTransferred',
    z.object({
      fromHolderOrgId: id.nullable(),
      toHolderOrgId: id.nullable(),
      expiry: z.enum(transferredExpiries),
      activations: z.enum(transferredActivations),
      ends: ends.exactOptional(),
    }),
  ),
  event(
    'LicenseOffered',
    z.object({
      toHolderOrgId: id,
      expiresAt: instant,
      expiry: z.enum(transferredExpiries),
      activations: z.enum(transferredActivations),
    }),
  ),
  event('LicenseOfferEnded', z.object({ toHolderOrgId: id, cause: z.enum(offerEnds) })),
  event('ReplacementIssued', z.object({ by: id })),
] as const;
