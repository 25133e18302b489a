import type { Place } from '../domain/decider.ts';

/** Returns one step of a JSON pointer (RFC 6901), escaped. */
export const escapePointer = (name: string | number): string => String(name).replace(/~/g, '~0').replace(/\//g, '~1');

/** Returns a place as a JSON pointer. */
export const pointerTo = (place: Place): string => place.map((step) => `/${escapePointer(step)}`).join('');
