import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noChanges } from './changes.ts';
import { foldEvent, type Stored } from './fold-event.ts';

/**
 * Folds events in memory onto the stored state. An event that a row already contains changes nothing. Throws
 * Unprojectable for an event that does not follow on its row, or cannot be read.
 */
export const foldBatch = (events: readonly Recorded[], stored: Stored): Changes => {
  const { changes, misfits } = foldFitting(events, stored);
  if (misfits[0] !== undefined) throw misfits[0];
  return changes;
};

/**
 * Folds like foldBatch, but goes on after an event that does not fit. That event and all later ones of its stream are
 * left out. Returns in `misfits` the first such event of each stream, in log order. All events together change at most
 * `rowsMax` rows of groups, and an event that would exceed this is a misfit too.
 */
export const foldFitting = (
  events: readonly Recorded[],
  stored: Stored,
  rowsMax = Infinity,
): { readonly changes: Changes; readonly misfits: readonly Unprojectable[] } => {
  const changes = noChanges();
  const misfits = new Map<string, Unprojectable>();
  let rowsLeft = rowsMax;
  for (const recorded of events) {
    if (misfits.has(recorded.stream)) continue;
    try {
      rowsLeft -= foldEvent(changes, stored, recorded, rowsLeft);
    } catch (error) {
      misfits.set(recorded.stream, new Unprojectable(recorded, error));
    }
  }
  return { changes, misfits: [...misfits.values()] };
};

/** An event that cannot be projected, however often it is tried. */
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
