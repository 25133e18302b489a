import { z } from 'zod';
import type { ChangedLicense } from '../../application/licenses/change-license.ts';
import { type EndedParts, endedParts } from '../../application/licenses/preview/confirm-losses.ts';
import type { Dropped } from '../../domain/license/overrides/overrides.ts';
import { booleanText, instantOut, readAs } from '../schemas.ts';
import { licenseBody, licenseShape } from './license-shape.ts';
import { overridesBody, overridesOut } from './overrides-shape.ts';

/** The query of a command that can be previewed. */
export const previewQuery = z.strictObject({
  preview: booleanText
    .meta({
      override: readAs({ type: 'boolean' }),
      example: false,
      description:
        'Whether to decide the change and show it without recording anything. The answer has before and after. license is unchanged, and changed is always false. Idempotency-Key has no effect.',
    })
    .optional(),
});

const partsOut = z.strictObject({
  count: z.int().meta({ description: 'How many end.' }),
  ids: z.array(z.string()).meta({ description: 'The ids of the first 20 of them.' }),
});

/** The members that an answer has with preview=true alone. */
export const previewShape = {
  before: licenseShape.optional().meta({ description: 'Only with preview=true: the license now.' }),
  after: licenseShape
    .optional()
    .meta({ description: 'Only with preview=true: the license after the change, at its effectiveAt.' }),
  effectiveAt: instantOut
    .optional()
    .meta({ description: 'Only with preview=true: when the change would take effect.' }),
  ended: z
    .strictObject({ activations: partsOut, leases: partsOut, users: partsOut })
    .optional()
    .meta({ description: 'Only with preview=true: the devices, seats and users that the change would end.' }),
};

/** The member `dropped` of an answer. */
export const droppedShape = {
  dropped: overridesOut.meta({
    description: 'The overrides that the change dropped. A scheduled change drops them when it takes effect.',
  }),
};

/** Returns the members that an answer has with preview=true alone. */
export const previewIn = ({ preview, revision, metadata, at }: ChangedLicense): Preview => {
  if (preview === undefined) return {};
  const { before, after, effectiveAt, events, losses, isDerived } = preview;
  const ended = endedParts(losses);
  return {
    before: licenseBody(before, { revision, metadata, at, isDerived }),
    after: licenseBody(after, { revision: revision + BigInt(events.length), metadata, at: effectiveAt }),
    effectiveAt,
    ended: {
      activations: partsBody(ended.activations),
      leases: partsBody(ended.leases),
      users: partsBody(ended.users),
    },
  };
};

/** Returns the member `dropped` of an answer: what the command itself dropped, or would drop. */
export const droppedIn = ({ events = [], preview }: ChangedLicense): z.output<z.ZodObject<typeof droppedShape>> => {
  const isOwn = ({ type, data }: (typeof events)[number]): boolean =>
    type === 'TrialConverted' ||
    (type === 'LicenseTierChanged' && (preview !== undefined || ownCauses.has(String(data.cause))));
  const { data } = events.findLast(isOwn) ?? {};
  return { dropped: overridesBody((data?.dropped ?? {}) as Dropped) };
};

type Preview = z.output<z.ZodObject<typeof previewShape>>;

// An append begins with what has fallen due, such as a scheduled change.
const ownCauses: ReadonlySet<string> = new Set(['TIER_CHANGED', 'POLICY_CHANGED']);

const partsBody = ({ count, ids }: EndedParts) => ({ count, ids: [...ids] });
