import type { AnswerOf } from '@license-ledger/client';
import { type FieldValue, fieldValuesOf, type ValueItem } from './field-values.ts';

type Field = AnswerOf<'explainLicense'>['fields'][number];

/** The cause of a value: an event, or time alone. Null `setBy`: the caller cannot see the event. */
export type Cause = Pick<Field, 'setBy' | 'byTime'>;

/** A value with its cause. Null: the license did not have the field. */
export type CausedValue = { readonly items: readonly ValueItem[]; readonly cause: Cause | null };

/** A field with another value now than then. */
export type ChangedField = {
  readonly key: string;
  readonly name: string;
  readonly before: CausedValue;
  readonly after: CausedValue;
};

/** Returns the fields that differ between two explanations of a license, in the order of the earlier one. */
export const changedFields = (then: readonly Field[], now: readonly Field[]): readonly ChangedField[] => {
  const [earlier, later] = [valuesIn(then), valuesIn(now)];
  return [...new Map([...earlier, ...later]).keys()]
    .map((key) => {
      const [before, after] = [earlier.get(key), later.get(key)];
      return { key, name: (after ?? before)?.name ?? key, before: before ?? absent, after: after ?? absent };
    })
    .filter(({ before, after }) => JSON.stringify(before.items) !== JSON.stringify(after.items));
};

const absent: CausedValue = { items: [], cause: null };

const valuesIn = (fields: readonly Field[]): ReadonlyMap<string, FieldValue & CausedValue> =>
  new Map(
    fields.flatMap(({ field, value, setBy, byTime }) =>
      fieldValuesOf(field, value).map((read) => [read.key, { ...read, cause: { setBy, byTime } }] as const),
    ),
  );
