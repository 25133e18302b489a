import type { JsonObject } from '../../eventstore/event-store.ts';
import type { LicenseFilters } from '../licenses/reading/list-query.ts';

/**
 * Returns a filter as the pack and its manifest keep it. A manifest cannot be erased, so only values that are never of a
 * person stay. The others are null; of metadata, the names stay.
 */
export const keptFilter = (filter: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, keptValue(name, value)]));

/** What a pack keeps of each filter. A new filter must have its line here. */
export const keptParts: Readonly<Record<keyof LicenseFilters, 'VALUE' | 'NAMES' | 'NOTHING'>> = {
  status: 'VALUE',
  suspendedFor: 'VALUE',
  tier: 'VALUE',
  product: 'VALUE',
  policy: 'VALUE',
  activations: 'VALUE',
  seats: 'VALUE',
  user: 'NOTHING',
  metadata: 'NAMES',
  externalRef: 'NOTHING',
  keyHint: 'VALUE',
  holder: 'VALUE',
  issuer: 'VALUE',
  expiresBefore: 'VALUE',
  expiresAfter: 'VALUE',
  lastValidatedBefore: 'VALUE',
  q: 'NOTHING',
  contains: 'NOTHING',
};

const keptValue = (name: string, value: JsonObject[string]): JsonObject[string] => {
  const part = new Map<string, string>(Object.entries(keptParts)).get(name);
  if (part === 'VALUE') return value;
  return part === 'NAMES' ? namesOf(value) : null;
};

const namesOf = (metadata: unknown): JsonObject =>
  Object.fromEntries(Object.keys(Object(metadata)).map((name) => [name, null]));
