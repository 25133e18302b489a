import { z } from 'zod';
import { fingerprintUniquenesses, type PinnedPolicy } from '../../../domain/license/policy.ts';
import type { Instant } from '../../../domain/time.ts';
import { idOf, instantOut } from '../../schemas.ts';

/** An activation as the API shows it. It has no fingerprint, because the server does not store it. */
export const activationShape = z
  .strictObject({
    id: idOf('act', 'act_01h455vb4pex5vsknk084sn02q').meta({ description: 'The id of the activation.' }),
    licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({ description: 'The license of the activation.' }),
    product: z.string().nullable().meta({
      description:
        'The product that the activation named. The activation counts for all products. Null when it named none.',
    }),
    name: z
      .string()
      .nullable()
      .meta({ description: 'The name that the client gave the device. Null when it gave none.' }),
    platform: z
      .string()
      .nullable()
      .meta({ description: 'The platform of the device. Null when the client did not name it.' }),
    appVersion: z.string().nullable().meta({
      description: 'The version of the application at the latest activation that named one. Null when none did.',
    }),
    user: z
      .string()
      .nullable()
      .meta({ description: 'The reference of the user that the device was activated for. Null when it named none.' }),
    environment: z
      .string()
      .nullable()
      .meta({ description: 'The environment that the device was activated for. Null when it named none.' }),
    activatedAt: instantOut.meta({ description: 'When the device was activated.' }),
    lastSeenAt: instantOut.meta({
      description:
        'When the device was last seen, to a minute: by a validation or activation that named it, or a heartbeat of its seat. Never before its activation.',
    }),
    lastVersion: z.string().nullable().meta({
      description: 'The version of the application that the device named last. Null when it named none.',
    }),
    lastProduct: z.string().nullable().meta({
      description: 'The product of the license that the device named last. Null when it named none.',
    }),
    deactivatesAt: instantOut.nullable().meta({
      description:
        'The announced instant of its deactivation, unless it is seen before. The worker deactivates it then or later. Null when nothing is announced.',
    }),
  })
  .meta({ id: 'Activation' });

/** A device as the organizations of its license see it: its activation, and what administrators noted. */
export const deviceShape = z
  .strictObject({
    ...activationShape.shape,
    metadata: z
      .record(z.string(), z.unknown())
      .meta({ description: 'The notes of administrators of the issuer or the holder. Applications do not get them.' }),
    fingerprintUniqueness: z.enum(fingerprintUniquenesses).meta({
      description:
        'Among which licenses the policy allows the device on one only: POLICY, PRODUCT or ISSUER. Such licenses refuse the device with DEVICE_ACTIVE_ELSEWHERE. LICENSE: other licenses do not matter.',
    }),
  })
  .meta({ id: 'Device' });

type Uniqueness = NonNullable<PinnedPolicy['fingerprintUniqueness']>;

type Shown = {
  readonly activationId: string;
  readonly licenseId: string;
  readonly product: string | null;
  readonly name: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly userRef: string | null;
  readonly environment: string | null;
  readonly activatedAt: Instant;
  readonly lastSeenAt: Instant;
  readonly lastVersion: string | null;
  readonly lastProduct: string | null;
  readonly deactivatesAt: Instant | null;
};

/** Returns an activation as the API shows it. */
export const activationBody = (activation: Shown): z.output<typeof activationShape> => {
  const {
    activationId: id,
    licenseId,
    product,
    name,
    platform,
    appVersion,
    userRef: user,
    environment,
    ...others
  } = activation;
  const { activatedAt, lastSeenAt, lastVersion, lastProduct, deactivatesAt } = others;
  const seen = { activatedAt, lastSeenAt, lastVersion, lastProduct, deactivatesAt };
  return { id, licenseId, product, name, platform, appVersion, user, environment, ...seen };
};

/** Returns a device as the organizations of its license see it. */
export const deviceBody = (
  device: Shown & { readonly metadata: object; readonly fingerprintUniqueness: Uniqueness },
): z.output<typeof deviceShape> => ({
  ...activationBody(device),
  metadata: { ...device.metadata },
  fingerprintUniqueness: device.fingerprintUniqueness,
});
