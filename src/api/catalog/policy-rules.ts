import { z } from 'zod';
import { secondsMax } from '../../domain/catalog/policy-checks.ts';
import {
  componentChecks,
  expiryStrategies,
  fingerprintMatchings,
  fingerprintUniquenesses,
  keyReaches,
  leaseScopes,
  limitStrategies,
  policyTypes,
  trialAddressVariations,
  trialDaysRules,
  trialEnds,
} from '../../domain/license/policy.ts';
import { renewalBases } from '../../domain/license/term/term-events.ts';
import { isVersion } from '../../domain/license/validation/app-versions.ts';
import { must } from '../http/plain-messages.ts';
import { overageOf } from '../licenses/meter-schemas.ts';
import { duration } from '../schemas.ts';

// The state of a license has the records of the last 70 minutes in memory, with 330 bytes each: 70 MB at this number.
const usagePerMinuteMax = 3_000;
const seconds = z.int();
const secondsIn = z.int().min(0).max(secondsMax);
const someSecondsIn = z.int().min(1).max(secondsMax);
// For those who generate code from the description. `isVersion` decides.
const numeric = '(0|[1-9][0-9]*)';
const preview = `(${numeric}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const build = '[0-9A-Za-z-]+';
const versionPattern = `^[vV]?${numeric}(\\.${numeric}){0,2}(-${preview}(\\.${preview})*)?(\\+${build}(\\.${build})*)?$`;
/** A version of SemVer in a request. */
export const versionIn = z
  .string()
  .max(256)
  .refine(
    isVersion,
    'must be a version of SemVer like 2.1.0 or 3.0.0-beta.1: one to three numbers without leading zeros, and a suffix for previews',
  )
  .meta({ example: '2.1.0', pattern: versionPattern });

/** A rule of a policy: its schema in a request, its schema in an answer, and what it decides. */
const rule = <In extends z.ZodType, Out extends z.ZodType>({
  request,
  answer,
  description,
}: {
  readonly request: In;
  readonly answer: Out;
  readonly description: string;
}) => ({ request: request.exactOptional().meta({ description }), answer: answer.meta({ description }) });

/** A rule with the same schema in requests and answers. */
const sameRule = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  rule({ request: schema, answer: schema, description });

const rules = {
  type: sameRule(z.enum(policyTypes), 'The kind of agreement: for a term, on trial, or perpetual.'),
  expiryStrategy: sameRule(
    z.enum(expiryStrategies),
    'Whether an expired license allows nothing, running without updates, or running with updates.',
  ),
  expiryGraceSeconds: rule({
    request: secondsIn,
    answer: seconds,
    description: 'How long an expired license stays usable as IN_GRACE.',
  }),
  validationTtlSeconds: rule({
    request: secondsIn,
    answer: seconds,
    description: 'How long an application may cache an answer at most.',
  }),
  offlineGraceSeconds: rule({
    request: secondsIn,
    answer: seconds,
    description: 'How long an application may run without contact to the server.',
  }),
  overage: rule({
    request: overageOf(z.int().min(100)),
    answer: overageOf(z.int()),
    description:
      'How far usage may exceed a limit: not at all, up to a percentage of it (rounded down), or without bound.',
  }),
  limitStrategy: sameRule(
    z.enum(limitStrategies),
    'The effect of lowering a limit below its usage: the usage stays, the change is refused, or the oldest usage ends.',
  ),
  deactivation: rule({
    request: z.strictObject({
      allowed: z.boolean().exactOptional(),
      cooldownSeconds: secondsIn.exactOptional(),
      maxPerTerm: z.int().min(0).nullable().exactOptional(),
    }),
    answer: z.strictObject({ allowed: z.boolean(), cooldownSeconds: seconds, maxPerTerm: z.int().nullable() }),
    description: 'Whether and how often a client may deactivate devices. The issuer always may.',
  }),
  fingerprintMatching: sameRule(
    z.enum(fingerprintMatchings),
    'Whether a device is recognized by its fingerprint only, or also by any, most or all of its components.',
  ),
  componentCheck: sameRule(
    z.enum(componentChecks),
    'How many of the recorded components of a device must match besides its fingerprint: none, any, two, more than half, or all.',
  ),
  fingerprintUniqueness: sameRule(
    z.enum(fingerprintUniquenesses),
    'Among which licenses a device may be active on one only. LICENSE: other licenses do not matter. POLICY: those of this policy. PRODUCT: those with a common product. ISSUER: all of the issuer. Only licenses under policies with the same scope count.',
  ),
  fingerprintRequired: sameRule(z.boolean(), 'Whether a validation must name a device.'),
  productRequired: sameRule(z.boolean(), 'Whether a validation must name a product.'),
  lease: rule({
    request: z.strictObject({
      scope: z.enum(leaseScopes).exactOptional(),
      ttlSeconds: someSecondsIn.exactOptional(),
      resurrectSeconds: secondsIn.exactOptional(),
      borrowMaxSeconds: secondsIn.exactOptional(),
    }),
    answer: z.strictObject({
      scope: z.enum(leaseScopes),
      ttlSeconds: seconds,
      resurrectSeconds: seconds,
      borrowMaxSeconds: seconds,
    }),
    description: 'The unit that floating seats are counted by, and how long a seat is held.',
  }),
  heartbeatSeconds: rule({
    request: someSecondsIn.nullable(),
    answer: seconds.nullable(),
    description: 'How often the holder of a seat sends a heartbeat. Null means a third of the time to live.',
  }),
  remindBefore: rule({
    request: z.array(duration).max(20),
    answer: z.array(z.string()),
    description: 'How long before its end the end of a term is announced.',
  }),
  trialEnd: sameRule(z.enum(trialEnds), 'Whether a trial ends or becomes FREE.'),
  trialDays: sameRule(
    z.enum(trialDaysRules),
    'Whether the first paid term of a converted trial adds the days that the trial had left.',
  ),
  trialAddressIgnores: sameRule(
    z.array(z.enum(trialAddressVariations)).max(trialAddressVariations.length),
    'The variations of an e-mail address that do not get a second trial: a tag after +, dots, and the case before the @.',
  ),
  reinstateOnPayment: sameRule(
    z.boolean(),
    'Whether a renewal with the reason PAYMENT ends a suspension with the reason PAYMENT.',
  ),
  transferable: sameRule(z.boolean(), 'Whether the license can be transferred to another holder.'),
  renewUntilSeconds: rule({
    request: secondsIn.nullable(),
    answer: seconds.nullable(),
    description: 'How long after its expiry a license can be renewed. Null means without a limit.',
  }),
  renewalDuration: rule({
    request: duration.nullable(),
    answer: z.string().nullable(),
    description:
      'The duration that renew adds when the request names none. Null means the duration of the last term, or the term of the policy.',
  }),
  renewalBasis: sameRule(
    z.enum(renewalBases).nullable(),
    'Where renew counts from when the request names no basis. Null means the expiry, or now if the license has expired and the request names no duration.',
  ),
  checkInSeconds: rule({
    request: secondsIn.nullable(),
    answer: seconds.nullable(),
    description: 'How long a license stays valid without a validation. Null means without a limit.',
  }),
  userRequired: sameRule(
    z.boolean(),
    'Whether a validation must name a user. True by default when the policy starts to allow named users.',
  ),
  versionRequired: sameRule(
    z.boolean(),
    'Whether a validation must name the version. True by default when the policy starts to restrict versions.',
  ),
  environmentRequired: sameRule(
    z.boolean(),
    'Whether a validation must name the environment. True by default when the policy starts to restrict it.',
  ),
  releasedAtRequired: sameRule(
    z.boolean(),
    'Whether a validation must name the version and its release. True by default when the policy starts to MAINTAIN.',
  ),
  leaseRequired: sameRule(z.boolean(), 'Whether a validation must name the holder of a seat.'),
  environment: rule({
    request: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and . _ -')
      .nullable(),
    answer: z.string().nullable(),
    description: 'The only environment that the license allows. Null allows every environment.',
  }),
  maintenance: rule({
    request: z
      .union([z.literal('TERM'), duration], {
        error: ({ input }) => must(input, 'be TERM, a duration like P1Y, or null'),
      })
      .nullable(),
    answer: z.string().nullable(),
    description:
      'How long each term brings new releases: TERM until its end, or a duration like P1Y from its start. With null a term does not move the maintenance, and a change to this policy ends the one that another policy gave.',
  }),
  versions: rule({
    request: z
      .strictObject({ from: versionIn.nullable().exactOptional(), below: versionIn.nullable().exactOptional() })
      .nullable(),
    answer: z.strictObject({ from: z.string().nullable(), below: z.string().nullable() }).nullable(),
    description: 'The versions of the application that the license allows, by SemVer. Null allows every version.',
  }),
  deactivateOnUnassign: sameRule(
    z.boolean(),
    'Whether unassigning a user also ends the devices that were activated for the user. The seats end in every case.',
  ),
  devicesPerUser: sameRule(
    z.int().min(1).nullable(),
    'How many devices may be active for one user. Activating a device then needs its user. Null means without a limit.',
  ),
  deactivateUnseenAfter: sameRule(
    z.string().max(64).nullable(),
    'After how many days without a contact the worker deactivates a device, from P1D to P365D. It announces that up to 7 days before, with the event DeactivationAnnounced. Null means never.',
  ),
  usagePerMinute: rule({
    request: z.int().min(1).max(usagePerMinuteMax),
    answer: z.int(),
    description: 'How many records of usage one license may add in a minute of the clock, over all meters.',
  }),
  keepAddressPrefix: sameRule(
    z.boolean(),
    'Whether the denials of a license show the network of the client: 24 bits of an IPv4 address, 64 of an IPv6 address.',
  ),
  reclaimBorrowed: sameRule(
    z.boolean(),
    'Whether the seat of a borrowed lease is free as soon as it is released. Otherwise it returns when the borrow ends.',
  ),
  deactivateByKey: sameRule(
    z.enum(keyReaches),
    'Whether the bearer of the license key may release or keep any device or seat by its id, or only its own.',
  ),
  deviceNamesByKey: sameRule(
    z.boolean(),
    'Whether the bearer of the license key sees the names of devices in the refusal of a full license, and of a device that only its components match.',
  ),
};

type Rules = typeof rules;

/** The rules of a policy in a request. Null removes a rule that may be absent. */
export const rulesIn = sideOf('request') as { readonly [Name in keyof Rules]: Rules[Name]['request'] };

/** The rules of a policy in an answer. */
export const rulesOut = sideOf('answer') as { readonly [Name in keyof Rules]: Rules[Name]['answer'] };

function sideOf(side: 'request' | 'answer') {
  return Object.fromEntries(Object.entries(rules).map(([name, schemas]) => [name, schemas[side]]));
}
