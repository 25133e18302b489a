import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noChanges } from './changes.ts';
import { foldEvent, type Stored } from './fold-event.ts';

/**
 * Folds events in memory onto what is stored. An event that a row already contains changes nothing; one that does not
 * follow on its row, or cannot be read, throws Unprojectable.
 */
export const foldBatch = (events: readonly Recorded[], stored: Stored): Changes => {
  const { changes, misfits } = foldFitting(events, stored);
  if (misfits[0] !== undefined) throw misfits[0];
  return changes;
};

/**
 * Folds like foldBatch, but goes on after an event that does not fit: it and all later ones of its stream are left out.
 * `misfits`: the first of each such stream, in log order. An event that changes more than `rowsMax` rows is a misfit.
 */
export const foldFitting = (
  events: readonly Recorded[],
  stored: Stored,
  rowsMax?: number,
): { readonly changes: Changes; readonly misfits: readonly Unprojectable[] } => {
  const changes = noChanges();
  const misfits = new Map<string, Unprojectable>();
  for (const recorded of events) {
    if (misfits.has(recorded.stream)) continue;
    try {
      foldEvent(changes, stored, recorded, rowsMax);
    } catch (error) {
      misfits.set(recorded.stream, new Unprojectable(recorded, error));
    }
  }
  return { changes, misfits: [...misfits.values()] };
};

/** An event that cannot be brought into the read models, and will not be when it is tried again. */
export class Unprojectable extends Error {
  override readonly name = 'Unprojectable';
  readonly recorded: Recorded;

  constructor(recorded: Recorded, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const { type, revision, stream } = recorded;
    super(`${type} at revision ${revision} of ${stream} cannot be projected: ${why}`, { cause });
    this.recorded = recorded;
  }
}
