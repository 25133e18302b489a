/** Types of events that this release no longer records, with the type that it records in their place. */
const successors: ReadonlyMap<string, string> = new Map([['UsageRecorded', 'UsageBatchRecorded']]);

/**
 * Returns types of events with the types that replaced them, for a filter: a filter with an earlier type alone would
 * find nothing of what is recorded now. Returns null, all types, for null.
 */
export const withSuccessors = (types: readonly string[] | null): readonly string[] | null =>
  types === null ? null : [...new Set(types.flatMap((type) => [type, successors.get(type) ?? type]))];
