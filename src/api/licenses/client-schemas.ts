import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { idOf, instantIn, productCode, text } from '../schemas.ts';

/** What goes into events must not be free text, in which a name could hide. */
export const word = (example: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._+/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces and . _ + / -')
    .meta({ example });

/** A device as a client names it. */
export const fingerprint = text(256).meta({ example: '3f9c1a77d0e4' });

/** The parts of a device, by name, that the policy's matching may know it by. */
export const components = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9_.-]{0,39}$/, 'must be 1 to 40 letters, digits and _ . -, beginning with a-z'),
    text(256),
  )
  .refine((parts) => Object.keys(parts).length <= 32, 'must have at most 32 names')
  .meta({ example: { cpu: 'BFEBFBFF000906EA', disk: 'S3Z9NB0K' } });

/** A user as the client calls it, or the id of a user of ours. */
export const user = text(256).meta({ example: 'ada@example.com' });

/** The machine, instance or user that holds a seat, as the client names it; a machine by its fingerprint. */
export const leaseHolder = text(256).meta({ example: '3f9c1a77d0e4' });

/** Where the application runs. */
export const environment = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and . _ -')
  .meta({ example: 'production' });

const versionNumber = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/, 'must be 1 to 64 letters, digits and . + -')
  .meta({ example: '2.1.0' });

/** The version of the application, with the instant of its release where maintenance decides. */
export const version = z.union([
  versionNumber,
  z.strictObject({ number: versionNumber, releasedAt: instantIn.optional() }),
]);

/** A device that asks for an activation. */
export const deviceFields = {
  fingerprint,
  components: components.optional(),
  product: productCode.optional(),
  name: text(200).optional(),
  platform: word('linux').optional(),
  appVersion: word('2.1.0').optional(),
  user: user.optional(),
  environment: environment.optional(),
};

const usedOfMax = z.strictObject({ used: z.int(), max: z.int() });

/** What of a license is in use, and how much may be. */
export const usageShape = z
  .strictObject({
    activations: usedOfMax,
    seats: usedOfMax,
    users: usedOfMax,
    meters: z.record(z.string(), usedOfMax),
  })
  .meta({ id: 'LicenseUsage' });

/** `usageShape` of a license. */
export const usageOf = ({ usage, limits }: LicenseFacts): z.output<typeof usageShape> => {
  const meters: Record<string, { used: number; max: number }> = {};
  for (const meter of Object.keys(usage.meters)) meters[meter] = { used: usage.meters[meter] ?? 0, max: 0 };
  for (const [meter, max] of Object.entries(limits.meters)) meters[meter] = { used: usage.meters[meter] ?? 0, max };
  return {
    activations: { used: usage.activations, max: limits.activations },
    seats: { used: usage.seats, max: limits.seats },
    users: { used: usage.users, max: limits.users },
    meters,
  };
};

/** A device that is activated, by what it says of itself or by its activation. */
export const deviceNaming = {
  fingerprint: fingerprint.optional(),
  activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q').optional(),
};

/** Exactly one of the two names it. */
export const namesOneDevice = (named: { readonly [name in keyof typeof deviceNaming]?: string | undefined }): boolean =>
  (named.fingerprint === undefined) !== (named.activationId === undefined);

/** What is said where it does not. */
export const oneDevice = { path: ['fingerprint'], message: 'give either fingerprint or activationId' };
