import { z } from 'zod';
import { idPattern } from '../../../domain/ids.ts';
import { tiers } from '../../../domain/license/policy.ts';
import { statuses } from '../../../domain/license/status.ts';
import { suspensionReasons } from '../../../domain/license/suspension/suspension-events.ts';
import type { UsageLevel } from '../../../domain/license/usage/usage-levels.ts';
import {
  inactiveAfterDays,
  inactiveBefore,
  validationDaysKept,
} from '../../../domain/license/validation/inactivity.ts';
import type { Instant } from '../../../domain/time.ts';
import { parseKeyHint } from '../../../identity/license-key.ts';
import { licenseSorts } from '../../../projections/queries/lists/license-listing.ts';
import { cursor, idOf, instantIn, pageLimit, productCode, text } from '../../schemas.ts';

const keyHint = z
  .string()
  .max(20)
  .transform((value, context) => {
    const hint = parseKeyHint(value);
    if (hint !== null) return hint;
    context.issues.push({
      code: 'custom',
      input: value,
      message: 'must be the last group of a key, 5 letters and digits',
    });
    return z.NEVER;
  })
  .meta({ example: 'SYQV9' });

const metadataMax = 5;

/** Names and values. The metadata of a license must have all of them. */
const metadata = z
  .record(text(200), text(200), { error: 'must be written as metadata[name]=value' })
  .refine((members) => Object.keys(members).length <= metadataMax, `must have at most ${metadataMax} names`)
  .optional()
  .meta({
    param: { style: 'deepObject', explode: true, example: { team: 'blue' } },
    description: 'metadata[team]=blue: the metadata has the name team with the text, number or truth value blue.',
  });

// A name would be in the logs of proxies.
const user = z
  .string()
  .refine(
    (text) => idPattern('ref').test(text) || idPattern('usr').test(text),
    'must be a reference ref_… or the id usr_… of a user. POST /v1/licenses/search finds licenses by the name of a user',
  )
  .meta({
    example: 'ref_01h455vb4pex5vsknk084sn02q',
    description:
      'The reference of an assigned user, or the id of a user of this server whom your organization assigned.',
  });

// Almost every name has a part of one or two characters.
const containsMin = 3;

const level = z.enum(['0', 'AT_LIMIT']).optional();

/** The query of a list of licenses. */
export const listQuery = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  status: z
    .enum([...statuses, 'EXPIRING', 'INACTIVE'])
    .optional()
    .meta({
      description: `EXPIRING: ACTIVE, and the first reminder of the policy before the end of the term has come. INACTIVE: ACTIVE, not before its start, issued more than ${inactiveAfterDays} days ago, and not validated for ${inactiveAfterDays} days.`,
    }),
  suspendedFor: z.enum(suspensionReasons).optional().meta({
    description:
      'SUSPENDED licenses with this reason, as the last event says it. With several reasons, the one that lasts longest counts.',
  }),
  tier: z.enum(tiers).optional(),
  product: productCode.optional(),
  policy: idOf('pol', 'pol_01h455vb4pex5vsknk084sn02q').optional(),
  activations: level.meta({ description: '0: no device. AT_LIMIT: as many devices as the limit, or more.' }),
  seats: level.meta({ description: '0: no seat is taken. AT_LIMIT: as many seats as the limit, or more.' }),
  user: user.optional(),
  metadata,
  externalRef: text(200).optional(),
  keyHint: keyHint.optional(),
  holder: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').optional(),
  issuer: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').optional(),
  expiresBefore: instantIn.optional(),
  expiresAfter: instantIn.optional(),
  lastValidatedBefore: instantIn.optional().meta({
    description: `Licenses that were issued before this instant and not validated since. At most ${validationDaysKept} days ago.`,
  }),
  q: text(200).optional(),
  contains: text(200).min(containsMin, `must have ${containsMin} characters or more`).optional().meta({
    description: 'A part of the external reference or of the name of the holder, in upper or lower case.',
  }),
  sort: z.enum(licenseSorts).optional(),
});

/** The filters of a list of licenses, as a request has them. */
export type LicenseFilters = Omit<z.output<typeof listQuery>, 'limit' | 'cursor' | 'sort'>;

/** Returns the filters of a query for the list of an organization. `userRefs`: the references of the user. */
export const listingOf = (
  { user: _, activations, seats, status, lastValidatedBefore, ...filters }: LicenseFilters,
  { userRefs, now }: { readonly userRefs: readonly string[] | undefined; readonly now: Instant },
) => ({
  ...filters,
  now,
  userRefs,
  activations: levelIn(activations),
  seats: levelIn(seats),
  status: statusOf(status, filters.suspendedFor),
  lastValidatedBefore,
  ...(status === 'INACTIVE' ? inactiveIn(now, lastValidatedBefore) : {}),
  ...expiringIn(status),
});

const statusOf = (status: LicenseFilters['status'], suspendedFor: LicenseFilters['suspendedFor']) => {
  if (suspendedFor !== undefined) return 'SUSPENDED' as const;
  return status === 'EXPIRING' || status === 'INACTIVE' ? ('ACTIVE' as const) : status;
};

const inactiveIn = (now: Instant, lastValidatedBefore: Instant | undefined) => ({
  lastValidatedBefore: inactiveBefore(now, lastValidatedBefore),
  hasBegun: true as const,
});

/** Returns the filter of a list by its status that decides about its order. */
export const expiringIn = (status: LicenseFilters['status']): { readonly isExpiring?: true } =>
  status === 'EXPIRING' ? { isExpiring: true } : {};

const levelIn = (value: z.output<typeof level>): UsageLevel | undefined => (value === '0' ? 'NONE' : value);
