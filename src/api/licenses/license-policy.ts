import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { rulesOut } from '../catalog/policy-rules.ts';

/** The policy of a license as the API shows it. */
export const policyOut = z
  .strictObject({
    id: z.string().meta({ description: 'The policy.' }),
    version: z.int().meta({ description: 'The version of the policy.' }),
    type: rulesOut.type,
    expiryStrategy: rulesOut.expiryStrategy,
    expiryGraceSeconds: rulesOut.expiryGraceSeconds,
    validationTtlSeconds: rulesOut.validationTtlSeconds,
    offlineGraceSeconds: rulesOut.offlineGraceSeconds,
    limitStrategy: rulesOut.limitStrategy,
    transferable: rulesOut.transferable,
    devicesPerUser: rulesOut.devicesPerUser,
    deactivateUnseenAfter: rulesOut.deactivateUnseenAfter,
    fingerprintUniqueness: rulesOut.fingerprintUniqueness,
  })
  .meta({
    description: 'The policy of the license in its version, with the rules that matter to the holder.',
  });

/** Returns the policy of a license as the API shows it. */
export const policyOf = ({ policy }: LicenseFacts) => {
  const { policyId: id, version, type, expiryStrategy, expiryGraceSeconds, validationTtlSeconds } = policy;
  const { offlineGraceSeconds, limitStrategy, transferable } = policy;
  const { devicesPerUser = null, deactivateUnseenAfter = null, fingerprintUniqueness = 'LICENSE' } = policy;
  return {
    id,
    version,
    type,
    expiryStrategy,
    expiryGraceSeconds,
    validationTtlSeconds,
    offlineGraceSeconds,
    limitStrategy,
    transferable,
    devicesPerUser,
    deactivateUnseenAfter,
    fingerprintUniqueness,
  };
};
