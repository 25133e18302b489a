import type { JsonObject } from './event-store.ts';

/** Brings the data of one version of an event's type to the next. Pure, never throws; what it returns is judged by the type's schema. */
export type Upcaster = (data: JsonObject) => JsonObject;

/** By type, how its data was brought from version 1 to 2, from 2 to 3 and so on. A type that is not listed has version 1. */
export type Upcasters = ReadonlyMap<string, readonly Upcaster[]>;

/**
 * A step that only adds optional fields. An older program must not decide on them, but a consumer can still read the event.
 */
export const addsFields: Upcaster = (data) => data;

/** Returns the version in which new events of a type are written. */
export const versionOf = (type: string, all: Upcasters): number => (all.get(type)?.length ?? 0) + 1;

/** Returns the version that consumers know an event by: it grows only where they could no longer read it. */
export const publishedVersionOf = (type: string, version: number, all: Upcasters): number =>
  version - (all.get(type) ?? []).slice(0, version - 1).filter((step) => step === addsFields).length;

/** Returns the data of an event that was stored in `version` as the present version has it. */
export const upcast = (type: string, version: number, data: JsonObject, all: Upcasters): JsonObject => {
  const steps = all.get(type);
  return steps === undefined ? data : steps.slice(version - 1).reduce((before, next) => next(before), data);
};
