import { z } from 'zod';
import { componentsMax } from '../../domain/license/devices/component-check.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { usageAt } from '../../domain/license/usage/term-counters.ts';
import type { Instant } from '../../domain/time.ts';
import { isBlank } from '../../identity/spellings.ts';
import { idOf, instantIn, instantOut, productCode, text } from '../schemas.ts';
import { limitOut, periodsOf } from './meter-schemas.ts';

/** Returns the schema of a word for events. Events must not contain free text, because it could contain a name. */
export const word = (example: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._+/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces and . _ + / -')
    .meta({ example });

/** Returns the schema of the name of a device, a component, a user or the holder of a seat. */
const visibleText = (charactersMax: number) =>
  text(charactersMax).refine(
    (value) => !isBlank(value),
    'must have a character other than white space and control characters',
  );

/** The fingerprint of a device. */
export const fingerprint = visibleText(256).meta({ example: '3f9c1a77d0e4' });

/** The components of a device by name. The policy may match the device by them. */
export const components = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9_.-]{0,39}$/, 'must be 1 to 40 letters, digits and _ . -, beginning with a-z'),
    visibleText(256),
  )
  .refine((parts) => Object.keys(parts).length <= componentsMax, `must have at most ${componentsMax} names`)
  .meta({ example: { cpu: 'BFEBFBFF000906EA', disk: 'S3Z9NB0K' } });

/** A user by the client's own name, or by the id of a user of this server. */
export const user = visibleText(256).meta({ example: 'ada@example.com' });

/** The holder of a seat by the client's own name. For a machine it is the fingerprint. */
export const leaseHolder = visibleText(256).meta({ example: '3f9c1a77d0e4' });

/** Who sits at a seat, for people to read. */
export const holderName = visibleText(200).meta({
  example: 'Ada at build-7',
  description:
    'Who sits there, for the people who manage the seats. The issuer and the holder of the license see it in the list of seats. A later request with another name replaces it. It can be erased.',
});

/** The environment of the application. */
export const environment = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and . _ -')
  .meta({ example: 'production' });

const versionNumber = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/, 'must be 1 to 64 letters, digits and . + -')
  .meta({ example: '2.1.0' });

/** The version of the application. The instant of its release matters for licenses with maintenance. */
export const version = z.union([
  versionNumber,
  z.strictObject({ number: versionNumber, releasedAt: instantIn.optional() }),
]);

/** The members that describe a device for an activation. */
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

const usedOfMax = z.strictObject({ used: z.int(), max: limitOut });

/** The usage of a license with its limits. */
export const usageShape = z
  .strictObject({
    activations: usedOfMax,
    seats: usedOfMax,
    users: usedOfMax,
    meters: z.record(
      z.string(),
      usedOfMax.extend({
        resetsAt: instantOut.nullable().optional().meta({
          description:
            'When the use begins at 0 again. Null when no such instant is known, as for a meter that resets NEVER. Absent for a meter that counts for the term.',
        }),
      }),
    ),
  })
  .meta({ id: 'LicenseUsage' });

/** Returns the usage of a license at `at`, with its limits. */
export const usageOf = (facts: LicenseFacts, at: Instant): z.output<typeof usageShape> => {
  const { limits } = facts;
  const usage = usageAt(facts, at);
  const periods = periodsOf(facts, at);
  const meters: z.output<typeof usageShape>['meters'] = {};
  for (const meter of Object.keys(usage.meters)) meters[meter] = { used: usage.meters[meter] ?? 0, max: 0 };
  for (const [meter, max] of Object.entries(limits.meters)) meters[meter] = { used: usage.meters[meter] ?? 0, max };
  for (const [meter, { endsAt }] of Object.entries(periods ?? {}))
    meters[meter] = { ...(meters[meter] ?? { used: 0, max: 0 }), resetsAt: endsAt };
  return {
    activations: { used: usage.activations, max: limits.activations },
    seats: { used: usage.seats, max: limits.seats },
    users: { used: usage.users, max: limits.users },
    meters,
  };
};

/** The members that name an active device: its fingerprint, its activation, or both. */
export const deviceNaming = {
  fingerprint: fingerprint.optional(),
  components: components
    .optional()
    .meta({ description: 'Components of the device, with its fingerprint. The policy may find the device by them.' }),
  activationId: idOf('act', 'act_01h455vb4pex5vsknk084sn02q').optional(),
};

type Naming = {
  readonly fingerprint?: string | undefined;
  readonly components?: object | undefined;
  readonly activationId?: string | undefined;
};

/** Returns true when a device is named by its fingerprint or its activation. */
export const namesDevice = (named: Naming): boolean =>
  named.fingerprint !== undefined || named.activationId !== undefined;

/** The issue to report when `namesDevice` returns false. */
export const noDevice = { path: ['fingerprint'], message: 'give fingerprint, activationId or both' };

/** Returns true when no components are named, or a fingerprint with them. */
export const hasFingerprint = ({ fingerprint: device, components: parts }: Naming): boolean =>
  parts === undefined || device !== undefined;

/** The issue to report when `hasFingerprint` returns false. */
export const noFingerprint = { path: ['components'], message: 'need a fingerprint' };
