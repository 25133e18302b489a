import type { AnswerOf } from '@license-ledger/client';
import { type FieldValue, fieldValuesOf, type ValueItem } from './field-values.ts';

type Field = AnswerOf<'explainLicense'>['fields'][number];

/** The cause of a value: an event, or time alone. Null `setBy`: the caller cannot see the event. */
export type Cause = Pick<Field, 'setBy' | 'byTime'>;

/** A value with its cause. Null: the server did not explain the field. */
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
  return [...new Map([...earlier, ...later]).values()]
    .map(({ key, name, source }) => ({
      key,
      name,
      before: earlier.get(key) ?? absentFrom(then, source),
      after: later.get(key) ?? absentFrom(now, source),
    }))
    .filter(({ before, after }) => JSON.stringify(before.items) !== JSON.stringify(after.items));
};

/** A value with the field of the API that has it. */
type SourcedValue = FieldValue & CausedValue & { readonly source: string };

const valuesIn = (fields: readonly Field[]): ReadonlyMap<string, SourcedValue> =>
  new Map(
    fields.flatMap(({ field: source, value, setBy, byTime }) =>
      fieldValuesOf(source, value).map((read) => [read.key, { ...read, source, cause: { setBy, byTime } }] as const),
    ),
  );

/** Returns what a field has no longer, or not yet, such as one of its entitlements: its own cause is the cause of that. */
const absentFrom = (fields: readonly Field[], source: string): CausedValue => ({
  items: [],
  cause: fields.find(({ field }) => field === source) ?? null,
});
