import { z } from 'zod';
import { idOf, productCode } from '../../schemas.ts';
import { components, environment, fingerprint, leaseHolder, user, version } from '../client-schemas.ts';
import { entitlementCode, meterName } from '../grant-schemas.ts';

const emptyList = 'must name at least one, because an empty list checks nothing';

/** The members that a validation may name besides the license. Each is optional. */
export const validationFields = {
  product: productCode
    .optional()
    .meta({ description: 'The product that runs. When given, the license must cover it.' }),
  fingerprint: fingerprint
    .optional()
    .meta({ description: 'Device fingerprint. When given, the device must be active.' }),
  components: components
    .optional()
    .meta({ description: 'Components of the device. The policy may match the device by them.' }),
  activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q')
    .optional()
    .meta({ description: 'The id of the activation, instead of the fingerprint.' }),
  leaseHolder: leaseHolder
    .optional()
    .meta({ description: 'The holder of a floating seat. When given, the seat must still be held.' }),
  user: user.optional().meta({ description: 'The user. When given, the license must be assigned to the user.' }),
  environment: environment
    .optional()
    .meta({ description: 'The environment. When given, it must be the one that the policy names.' }),
  version: version.optional().meta({
    description:
      'The version of the application. When given, the policy and the maintenance must cover it. The release of the catalog counts, and releasedAt only for a version that the catalog does not list.',
  }),
  entitlements: z
    .array(entitlementCode)
    .min(1, emptyList)
    .max(100)
    .optional()
    .meta({ description: 'The codes of entitlements that the license must grant.' }),
  meters: z
    .array(meterName)
    .min(1, emptyList)
    .max(50)
    .optional()
    .meta({ description: 'The meters that must have quota left.' }),
};
