import type { Pool } from 'pg';
import { invalidArgument } from '../grpc-refusal.ts';

/** Returns the refusal to read from a position between two events, as after a restore of another log. */
export const invalidPosition = (position: bigint) =>
  invalidArgument(`No event is at the position ${position}: read from the position of an event, or from the start`);

/**
 * Throws a refusal when no event is at this position. A position after the end of the log is valid, because a reader may
 * wait for it, and so is 0.
 */
export const requirePosition = async (db: Pool, position: bigint): Promise<void> => {
  if (position <= 0n) return;
  const { rows } = await db.query<{ next: string | null }>({
    name: 'position',
    text: 'select min(position) as next from eventstore.events where position >= $1::bigint',
    values: [position.toString()],
  });
  const next = rows[0]?.next ?? null;
  if (next !== null && BigInt(next) !== position) throw invalidPosition(position);
};
