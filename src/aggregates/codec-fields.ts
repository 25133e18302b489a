import { z } from 'zod';
import { idPattern } from '../domain/ids.ts';
import { type Ends, endedParts } from '../domain/license/endings/ending-events.ts';
import { unlimited } from '../domain/license/usage/usage-limits.ts';
import { instant } from '../eventstore/envelope.ts';

/** An id, or another text that is not empty. */
export const id = z.string().min(1);

/** A reference into `vault`. The pattern keeps personal values out of events. */
export const reference = z.string().regex(idPattern('ref'), 'not a reference, ref_…');

/** A user, or a reference to a person in `vault`. */
export const userReference = z.string().regex(idPattern('usr', 'ref'), 'not a user or reference');

/** The number of a term or of a version: 1 or more. */
export const ordinal = z.int().positive();

/** The id of a user. The pattern keeps names and e-mail addresses out of events. */
export const userId = z.string().regex(idPattern('usr'), 'not the id of a user, usr_…');

/** Whole seconds, 0 or more. */
export const seconds = z.int().nonnegative();

/** A count: 0 or more. */
export const count = z.int().nonnegative();

/** A usage limit: a count, or `unlimited` as it is. Events of earlier releases have counts only. */
export const limit = z.union([count, z.literal(unlimited)]);

/** The parts that a decisive event of a license ends, with their counts. */
export const ends = z.object({
  which: z.enum(endedParts),
  activations: count,
  leases: count,
  users: count,
  named: z.object({ activations: z.array(id), leases: z.array(id) }).exactOptional(),
  keepsBorrowed: z.literal(true).exactOptional(),
  seatsFreeAt: z.record(id, instant).exactOptional(),
  usageAfter: z.object({ activations: count, seats: count, users: count }),
}) satisfies z.ZodType<Ends>;

/** Returns the schema of one type of event. */
export const event = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data });

/** The schema of the maintenance in an event about the term or the policy. */
export const maintenance = { maintenanceUntil: instant.nullable().exactOptional() };
