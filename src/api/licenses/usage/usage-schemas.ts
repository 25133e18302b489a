import { z } from 'zod';
import type { Refusal } from '../../../application/refusal.ts';
import type { MeteredUse, RecordedUse } from '../../../application/usage/record-usage.ts';
import { noSuchLicense } from '../../../domain/license/license-authority.ts';
import type { Instant } from '../../../domain/time.ts';
import { must } from '../../http/plain-messages.ts';
import { type Problem, refused } from '../../problems/problems.ts';
import type { Reply } from '../../route.ts';
import { instantIn, instantOut } from '../../schemas.ts';
import { usageOf, usageShape } from '../client-schemas.ts';
import { licenseNaming, useRejections } from '../find-client-license.ts';
import { meterName } from '../grant-schemas.ts';
import { limitOut } from '../meter-schemas.ts';

/** The most records of usage in one request. */
export const recordsMax = 1_000;

const usageId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 letters, digits and . _ : -');

const useFields = {
  meter: meterName,
  quantity: z
    .int()
    .refine((quantity) => quantity !== 0, 'must be 1 or more, or less than 0 with corrects')
    .meta({ description: 'How much was used: 1 or more. A correction has a quantity below 0.' }),
  usageId: usageId
    .optional()
    .meta({ description: 'Identifies the usage. The same usageId of a meter counts once.', example: 'build-8812' }),
  corrects: usageId.optional().meta({
    description:
      'The usageId of the usage that a quantity below 0 takes back, in part or whole. Only the issuer corrects usage. Corrections of one usage together take back at most its quantity.',
    example: 'build-8811',
  }),
  occurredAt: instantIn.optional().meta({
    description:
      'When the usage happened: at most 35 days ago, and at most 5 minutes ahead of the server. Default: now.',
  }),
};

type Signed = {
  readonly quantity?: number | undefined;
  readonly usageId?: string | undefined;
  readonly corrects?: string | undefined;
};

/** Reports a quantity below 0 that names nothing, and a correction that takes nothing back or can count twice. */
const checkSign = (
  { quantity, usageId: id, corrects }: Signed,
  report: (name: string, message: string) => void,
): void => {
  if (quantity === undefined || quantity === 0) return;
  if (quantity < 0 && corrects === undefined) report('quantity', 'must be 1 or more, or corrects must name the usage');
  if (quantity > 0 && corrects !== undefined) report('quantity', 'must be less than 0, because corrects is present');
  if (corrects !== undefined && id === undefined)
    report('usageId', 'must be present in a correction, so that sending it again takes nothing back');
};

const record = z.strictObject(useFields).superRefine((use, context) => {
  checkSign(use, (name, message) => context.addIssue({ code: 'custom', path: [name], message }));
});

const records = z
  .array(record.meta({ id: 'UsageRecord' }))
  .min(1)
  .max(recordsMax)
  .meta({
    description: 'Many records, in place of meter, quantity, usageId, corrects and occurredAt. Each is decided alone.',
  });

/** The body of a request: one record, or a list of them. */
export const usageBody = z
  .strictObject({
    ...licenseNaming,
    ...useFields,
    meter: useFields.meter.optional(),
    quantity: useFields.quantity.optional(),
    records: records.optional(),
  })
  .superRefine((body, context) => {
    const single = ['meter', 'quantity', 'usageId', 'corrects', 'occurredAt'] as const;
    const report = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
    if (body.records === undefined) {
      if (body.meter === undefined) report('meter', must(undefined, 'be a string'));
      if (body.quantity === undefined) report('quantity', must(undefined, 'be a whole number'));
      checkSign(body, report);
    } else
      for (const name of single) if (body[name] !== undefined) report(name, 'must be in records, or records absent');
  })
  .meta({
    id: 'RecordUsage',
    example: {
      licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      meter: 'api_calls',
      quantity: 10,
      usageId: 'build-8812',
    },
  });

/** Returns the single record of a body without a list. */
export const singleUse = ({ meter, quantity, ...use }: z.output<typeof usageBody>): MeteredUse => {
  if (meter === undefined || quantity === undefined) throw new Error('The schema lets no such record in.');
  return { meter, quantity, usageId: use.usageId, corrects: use.corrects, occurredAt: use.occurredAt };
};

const oneRecorded = z.strictObject({
  usage: z
    .strictObject({ id: z.string(), meter: z.string(), total: z.int(), max: limitOut })
    .meta({ id: 'MeteredUse', description: 'The usage of the meter in its running period.' }),
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

const manyRecorded = z.strictObject({
  records: z
    .array(
      z.strictObject({
        id: z.string(),
        meter: z.string(),
        changed: z.boolean().meta({ description: 'Whether this record was counted.' }),
        refusal: z
          .strictObject({ code: z.string(), detail: z.string(), retryAt: instantOut.nullable() })
          .nullable()
          .meta({
            description: 'Why the record does not count, as its own request would be refused. Null when it counts.',
          }),
      }),
    )
    .meta({ description: 'The result of each record, in the order of the request.' }),
  limits: usageShape,
  revision: z.int(),
});

/** The body of an answer: that of a single record, or that of a list. */
export const usageAnswer = z.union([
  oneRecorded.meta({ id: 'RecordedUsage' }),
  manyRecorded.meta({ id: 'RecordedUsageList' }),
]);

/**
 * Returns the answer to a list of records: 201 when it counts one of them. When the same refusal of the license itself
 * meets every record, or nobody may see the license, that is the refusal of the whole list.
 */
export const manyReply = (recorded: readonly RecordedUse[], at: Instant): Reply | Problem => {
  const [first, ...others] = recorded.flatMap(({ after }) => after ?? []);
  const refusal = recorded[0]?.refusal ?? null;
  if (first === undefined) return refused(refusal ?? noSuchLicense);
  if (refusal !== null && isOfLicense(refusal) && recorded.every((use) => use.refusal?.rejected === refusal.rejected))
    return refused(refusal);
  const last = others.reduce((latest, after) => (after.revision >= latest.revision ? after : latest), first);
  const body: z.output<typeof manyRecorded> = {
    records: recorded.map(({ usageId: id, meter, refusal: why, after }) => ({
      id,
      meter,
      changed: after?.changed ?? false,
      refusal: why === null ? null : { code: why.rejected, detail: why.detail, retryAt: why.retryAt ?? null },
    })),
    limits: usageOf(last.facts, at),
    revision: Number(last.revision),
  };
  return { status: body.records.some(({ changed }) => changed) ? 201 : 200, body, position: last.position };
};

const isOfLicense = ({ rejected }: Refusal): boolean => useRejections.some((code) => code === rejected);
