import type { Recorded } from '../eventstore/event-store.ts';
import { type Changes, foldEvent, noChanges, type Stored } from './fold-event.ts';

/**
 * Folds events in memory onto what is stored. An event that a row already contains changes nothing; one that does not
 * follow on its row, or cannot be read, throws Unprojectable.
 */
export const foldBatch = (events: readonly Recorded[], stored: Stored): Changes => {
  const changes = noChanges();
  for (const [index, recorded] of events.entries()) {
    try {
      foldEvent(changes, stored, recorded);
    } catch (error) {
      throw new Unprojectable(recorded, index, error);
    }
  }
  return changes;
};

/** An event that cannot be brought into the read models: they wait for it, it is never skipped. */
export class Unprojectable extends Error {
  override readonly name = 'Unprojectable';
  readonly stream: string;
  readonly revision: bigint;
  /** Its place in the batch; what came before it is fine. */
  readonly index: number;

  constructor({ stream, revision, type }: Recorded, index: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${type} at revision ${revision} of ${stream} cannot be projected: ${why}`, { cause });
    this.stream = stream;
    this.revision = revision;
    this.index = index;
  }
}
