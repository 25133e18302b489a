import { z } from 'zod';
import type { Instant } from '../../../domain/time.ts';
import { idOf, instantOut } from '../../schemas.ts';

/** An activation as the API shows it. The fingerprint is not kept, so it cannot be shown. */
export const activationShape = z
  .strictObject({
    id: idOf('act', 'act_01h455vb4pex5vsknk084sn02q').meta({ description: 'Its id.' }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({ description: 'The license that it counts for.' }),
    product: z
      .string()
      .nullable()
      .meta({ description: 'The product it was activated with, good for all of the license; null: none was named.' }),
    name: z.string().nullable().meta({ description: 'What the client calls the device; null: nothing.' }),
    platform: z.string().nullable().meta({ description: 'What the device runs; null: not said.' }),
    appVersion: z
      .string()
      .nullable()
      .meta({ description: 'The version of the application at that time; null: not said.' }),
    activatedAt: instantOut.meta({ description: 'Since when it is active.' }),
  })
  .meta({ id: 'Activation' });

type Shown = {
  readonly activationId: string;
  readonly licenseId: string;
  readonly product: string | null;
  readonly name: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly activatedAt: Instant;
};

/** An activation as the API shows it. */
export const activationBody = (activation: Shown): z.output<typeof activationShape> => {
  const { activationId: id, licenseId, product, name, platform, appVersion, activatedAt } = activation;
  return { id, licenseId, product, name, platform, appVersion, activatedAt };
};
