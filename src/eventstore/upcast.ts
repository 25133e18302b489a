import type { JsonObject } from './event-store.ts';

/**
 * Converts the data of an event from one version of its type to the next. Pure; never throws. The schema of the type
 * checks the result.
 */
export type Upcaster = (data: JsonObject) => JsonObject;

/** The upcasters of each type, in order: the first converts version 1 to 2. A type that is not listed has version 1. */
export type Upcasters = ReadonlyMap<string, readonly Upcaster[]>;

/**
 * Marks a version that only adds optional fields or further values of a list. An older program must not decide on such
 * an event, but a consumer can still read it.
 */
export const addsFields: Upcaster = (data) => data;

/** Returns the version in which new events of a type are written. */
export const versionOf = (type: string, all: Upcasters): number => (all.get(type)?.length ?? 0) + 1;

/** Returns the version that consumers see. It grows only when they could no longer read the event. */
export const publishedVersionOf = (type: string, version: number, all: Upcasters): number =>
  version - (all.get(type) ?? []).slice(0, version - 1).filter((step) => step === addsFields).length;

/** Converts data that was stored in `version` to the current version of the type. */
export const upcast = (type: string, version: number, data: JsonObject, all: Upcasters): JsonObject => {
  const steps = all.get(type);
  return steps === undefined ? data : steps.slice(version - 1).reduce((current, step) => step(current), data);
};
