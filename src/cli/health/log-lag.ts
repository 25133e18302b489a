/** Where the log ends, and up to where the read models contain it. Commit positions; null: no event. */
export type LogPlaces = { readonly head: bigint | null; readonly checkpoint: bigint | null };

/** Measures for how long events of the log have waited for the read models. */
export type LogLag = {
  /** Notes both places at an elapsed time in milliseconds. Read the checkpoint after the head. */
  readonly note: (places: LogPlaces, elapsedMs: number) => void;
  /** Returns for how many milliseconds the oldest known event has waited, 0 for none. The true lag can be longer. */
  readonly lagMs: (elapsedMs: number) => number;
};

/** Returns a measurement that begins without a lag. */
export const createLogLag = (): LogLag => {
  let waiting: { readonly head: bigint; readonly sinceMs: number } | null = null;
  return {
    note: ({ head, checkpoint }, elapsedMs) => {
      const isBehind = head !== null && (checkpoint === null || checkpoint < head);
      if (!isBehind) {
        waiting = null;
        return;
      }
      // The log grows all the time. Only the end that was noted first tells how long its events have waited.
      if (waiting === null || (checkpoint !== null && checkpoint >= waiting.head))
        waiting = { head, sinceMs: elapsedMs };
    },
    lagMs: (elapsedMs) => (waiting === null ? 0 : Math.max(0, elapsedMs - waiting.sinceMs)),
  };
};
