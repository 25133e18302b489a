import type { JsonObject } from './event-store.ts';

/** Brings the data of one version of an event's type to the next. Pure, never throws; what it returns is judged by the type's schema. */
export type Upcaster = (data: JsonObject) => JsonObject;

/** By type, how its data was brought from version 1 to 2, from 2 to 3 and so on. A type that is not listed has version 1. */
export type Upcasters = ReadonlyMap<string, readonly Upcaster[]>;

/**
 * What has changed in the format of stored events, which are never rewritten: a type gets an upcaster and a further file in
 * the corpus of the tests when its data can no longer be read as it was written. None has so far.
 */
export const upcasters: Upcasters = new Map();

/** The version in which new events of a type are written. */
export const versionOf = (type: string, all: Upcasters = upcasters): number => (all.get(type)?.length ?? 0) + 1;

/** The data of an event that was stored in `version` as the present version has it. */
export const upcast = (type: string, version: number, data: JsonObject, all: Upcasters = upcasters): JsonObject => {
  const steps = all.get(type);
  return steps === undefined ? data : steps.slice(version - 1).reduce((before, next) => next(before), data);
};
