import { fold, type Stamped, stamp } from '../../../../src/domain/decider.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import {
  beginFields,
  type FieldFold,
  type FieldOrigin,
  type FieldView,
  fieldOrigins,
  takeFieldEvent,
} from '../../../../src/domain/license/fields/field-origins.ts';
import { settle } from '../../../../src/domain/license/settle.ts';
import { effectiveStatus, renewalAt, suspensionAt } from '../../../../src/domain/license/status.ts';
import { usageAt } from '../../../../src/domain/license/usage/term-counters.ts';

type History = readonly Stamped<LicenseEvent>[];

/** Shows a license by a few fields, as the API does by many. */
const fewFields: FieldView = {
  whole: (facts, at) => ({
    status: effectiveStatus(facts, at),
    policy: facts.policy.policyId,
    products: [...facts.products],
    limit: facts.limits.activations,
    expiresAt: facts.term.expiresAt,
    suspension: suspensionAt(facts, at)?.reasonCode ?? null,
    renewal: renewalAt(facts, at),
    usage: usageAt(facts, at).activations,
  }),
  use: (facts, at) => ({ usage: usageAt(facts, at).activations }),
};

/** Returns the fold of a history. The revision of an event is its number, from 0. */
export const foldedFields = (history: History, at: string): FieldFold => {
  const fields = beginFields(fewFields, at);
  for (const [index, { event, at: times }] of history.entries())
    takeFieldEvent(fields, { event, at: times, revision: BigInt(index) });
  return fields;
};

/** Returns the origins of all fields, with what has fallen due and is not recorded. */
export const originsOf = (history: History, at: string): readonly FieldOrigin[] => {
  const license = fold(licenseDecider, history);
  const due = license.kind === 'unissued' ? [] : settle(license, at).events;
  return fieldOrigins(
    foldedFields(history, at),
    due.map((event) => stamp(event, at)),
  );
};

/** Returns the origins by field, except of the fields that are still as the license was issued. */
export const changedFields = (history: History, at: string): Readonly<Record<string, Omit<FieldOrigin, 'field'>>> =>
  Object.fromEntries(
    originsOf(history, at)
      .filter(({ setBy, byTime }) => setBy > 0n || byTime !== null)
      .map(({ field, ...origin }) => [field, origin]),
  );
