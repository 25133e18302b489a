import { z } from 'zod';
import type { Instant } from '../../domain/time.ts';
import { idOf, instantOut } from '../schemas.ts';

/** An activation as the API shows it. The fingerprint is not kept, so it cannot be shown. */
export const activationShape = z
  .strictObject({
    id: idOf('act', 'act_01h455vb4pex5vsknk084sn02q'),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q'),
    product: z.string().nullable(),
    name: z.string().nullable(),
    platform: z.string().nullable(),
    appVersion: z.string().nullable(),
    activatedAt: instantOut,
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
