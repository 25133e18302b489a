import { setImmediate as nextPhase } from 'node:timers/promises';

/** The turn of the filter that asked last. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves when the event loop has served everything else that is ready. Filters take turns: between two turns of one
 * filter the others have theirs, and between two filters the event loop serves requests. So a hundred filters with
 * regexes delay a request by the time of one turn, and not by a hundred.
 */
export const nextTurn = (): Promise<void> => {
  const turn = last.then(() => nextPhase());
  last = turn;
  return turn;
};
