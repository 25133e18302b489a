import type { AnswerOf, InputOf } from '@license-ledger/client';
import { isoDurationIn } from '../../parts/durations.ts';

/** What was typed to convert a trial. Empty texts take the value of the policy. */
export type ConversionForm = {
  readonly policyId: string;
  readonly duration: string;
  readonly payment: string;
  readonly reasonCode: string;
};

type Body = InputOf<'convertTrial'>['body'];
type Preview = Pick<AnswerOf<'convertTrial'>, 'before' | 'after'>;

/** Returns the body of a conversion, as its preview needs it. Null when the form cannot be sent yet. */
export const previewBodyOf = ({ policyId, duration }: ConversionForm): Body | null => {
  const length = duration.trim() === '' ? undefined : isoDurationIn(duration);
  if (policyId === '' || length === null) return null;
  return { policyId, ...(length === undefined ? {} : { term: { duration: length } }) };
};

/** Returns the body of a conversion. `losses`: the products that it takes, which the user has confirmed. */
export const conversionBodyOf = (form: ConversionForm, losses: readonly string[]): Body | null => {
  const body = previewBodyOf(form);
  const payment = form.payment.trim();
  return (
    body && {
      ...body,
      ...(payment === '' ? {} : { billingRef: payment }),
      ...(form.reasonCode === '' ? {} : { reason: { code: form.reasonCode } }),
      ...(losses.length === 0 ? {} : { confirm: true }),
    }
  );
};

/** Returns the products that a conversion takes from the license. The server carries that out only when it is confirmed. */
export const lossesOf = ({ before, after }: Preview): readonly string[] =>
  before?.products.filter((code) => after?.products.includes(code) === false) ?? [];
