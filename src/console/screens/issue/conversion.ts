import type { AnswerOf, InputOf } from '@license-ledger/client';
import { inZone, number } from '../../parts/dates.ts';
import { isoDurationIn } from '../../parts/durations.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { License } from '../../types.ts';
import { limitText } from '../catalog/policy-values.ts';

/** What was typed to convert a trial. Empty texts take the value of the policy. */
export type ConversionForm = {
  readonly policyId: string;
  readonly duration: string;
  readonly payment: string;
  readonly reasonCode: string;
  readonly isConfirmed: boolean;
};

/** A field of the license before and after a conversion, in words. */
export type Consequence = { readonly name: string; readonly before: string; readonly after: string };

type Body = InputOf<'convertTrial'>['body'];
type Preview = AnswerOf<'convertTrial'>;

/** Returns the body of a conversion. Null when the form cannot be sent yet. */
export const conversionBodyOf = (form: ConversionForm): Body | null => {
  const duration = form.duration.trim() === '' ? undefined : isoDurationIn(form.duration);
  if (form.policyId === '' || duration === null) return null;
  const payment = form.payment.trim();
  return {
    policyId: form.policyId,
    ...(duration === undefined ? {} : { term: { duration } }),
    ...(payment === '' ? {} : { billingRef: payment }),
    ...(form.reasonCode === '' ? {} : { reason: { code: form.reasonCode } }),
    ...(form.isConfirmed ? { confirm: true } : {}),
  };
};

/** Returns the fields that a conversion changes, in words. */
export const consequencesOf = ({ before, after }: Pick<Preview, 'before' | 'after'>): readonly Consequence[] => {
  if (before === undefined || after === undefined) return [];
  const [earlier, later] = [wordsOf(before), wordsOf(after)];
  return earlier
    .map(([name, value], index) => ({ name, before: value, after: later[index]?.[1] ?? '' }))
    .filter((field) => field.before !== field.after);
};

const wordsOf = ({ tier, products, term, limits }: License): readonly (readonly [name: string, value: string])[] => {
  const names = issueTexts.convert.fields;
  return [
    [names.tier, policyTexts.values.tier[tier]],
    [names.products, products.join(', ')],
    [names.ends, term.expiresAt === null ? issueTexts.preview.never : inZone(term.expiresAt)],
    ...(['activations', 'seats', 'users'] as const).map(
      (limit) => [issueTexts.changes.limits[limit], limitText(limits[limit])] as const,
    ),
  ];
};

/** Returns what a license would lose by a conversion, each as a sentence. */
export const lossesOf = ({ before, after, ended }: Preview): readonly string[] => {
  if (before === undefined || after === undefined) return [];
  const { lost } = issueTexts.convert;
  const gone = before.products.filter((code) => !after.products.includes(code));
  const [end, newEnd] = [before.term.expiresAt, after.term.expiresAt];
  const {
    activations = 0,
    leases = 0,
    users = 0,
  } = {
    activations: ended?.activations.count,
    leases: ended?.leases.count,
    users: ended?.users.count,
  };
  return [
    ...(gone.length === 0 ? [] : [lost.products(gone.join(', '))]),
    ...(newEnd !== null && (end === null || newEnd < end) ? [lost.earlier] : []),
    ...(activations + leases + users === 0 ? [] : [lost.ended(number(activations), number(leases), number(users))]),
  ];
};
