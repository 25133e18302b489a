import type { JsonObject } from '../../eventstore/event-store.ts';

/**
 * Returns a filter as the pack and its manifest keep it. Values that may be personal are null: those of metadata, of
 * externalRef, and texts that a person searches for. Their names stay.
 */
export const keptFilter = (filter: JsonObject): JsonObject => ({
  ...filter,
  ...Object.fromEntries(freeTexts.filter((name) => name in filter).map((name) => [name, null])),
  ...('metadata' in filter ? { metadata: namesOf(filter.metadata) } : {}),
});

const freeTexts = ['externalRef', 'q', 'contains'];

const namesOf = (metadata: unknown): JsonObject =>
  Object.fromEntries(Object.keys(Object(metadata)).map((name) => [name, null]));
