import type { Fields, FieldView } from '../../../domain/license/fields/field-origins.ts';
import { licenseBody } from '../license-shape.ts';
import { useBody } from '../license-use.ts';

/**
 * Shows the fields of a license as `GET /v1/licenses/{licenseId}` does, with those of `term`, `limits` and `usage` by
 * their own names. Metadata, `revision` and `recorded` are no fields of events.
 */
export const licenseFields: FieldView = {
  whole: (facts, at) => {
    const {
      metadata: _,
      revision: __,
      recorded: ___,
      term,
      limits,
      usage,
      ...fields
    } = licenseBody(facts, {
      revision: 0n,
      metadata: {},
      at,
    });
    return { ...fields, ...within('term', term), ...within('limits', limits), ...within('usage', usage) };
  },
  use: (facts, at) => within('usage', useBody(facts, at)),
};

const within = (name: string, fields: object): Fields =>
  Object.fromEntries(Object.entries(fields).map(([field, value]) => [`${name}.${field}`, value]));
