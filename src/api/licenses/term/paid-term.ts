import { z } from 'zod';
import type { ChangedLicense } from '../../../application/licenses/change-license.ts';
import type { PaidTerm } from '../../../domain/license/license.ts';
import { paymentName } from '../../../domain/license/term/paid-terms.ts';
import { instantOut, text } from '../../schemas.ts';
import { count } from '../grant-schemas.ts';

/** The reference of a payment, in the body of a request. */
export const billingRef = text(200).optional().meta({
  description:
    'The payment in your books, unique within the license. The same reference with the same terms changes nothing; with other terms it gets 409 BILLING_REF_REUSED.',
});

/** The member `paidTerm` of an answer. */
export const paidTermShape = {
  paidTerm: z
    .strictObject({ number: count, startsAt: instantOut, expiresAt: instantOut.nullable(), billingRef: z.string() })
    .nullable()
    .meta({
      description:
        'The term that this billingRef paid for, by this request or an earlier one. Null without billingRef, when nothing was renewed for it, and in each preview.',
    }),
};

/** Returns the member `paidTerm` of an answer. */
export const paidTermIn =
  (reference: string | undefined) =>
  ({ view }: ChangedLicense<PaidTerm | null>): z.output<z.ZodObject<typeof paidTermShape>> => {
    if (reference === undefined || view === undefined || view === null) return { paidTerm: null };
    const { termNumber: number, startsAt, expiresAt } = view;
    return { paidTerm: { number, startsAt, expiresAt, billingRef: paymentName(reference) } };
  };
