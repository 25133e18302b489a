import { LedgerProblem } from '@license-ledger/client';
import { type OnceCommand, sendOnce, type Unanswered } from './send-once.ts';

/** Thrown when what a form began with has changed. Nothing was saved. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

/** Thrown when other changes came before the command at every attempt. Nothing was saved. */
export class ChangesAllTheTime extends Error {
  override readonly name = 'ChangesAllTheTime';
}

const triesMax = 5;
const firstPauseMs = 200;

/**
 * Sends a command on the state that the user has seen. `read` returns the present state with its ETag, and `isSame` tells
 * whether it has what the user saw. Returns that state, and sends nothing, when it differs. The server refuses a change
 * in between, and then it is read again: the ETag of a whole catalog or license also changes with its other parts. Without
 * an answer, the next call sends the same attempt again before it reads: the server may have carried it out, and
 * then the command itself has changed the state.
 */
export const sendUnchanged = async <State, Answer>(
  unanswered: Unanswered,
  command: OnceCommand<Answer>,
  { read, isSame, pause = pauseFor }: SeenState<State>,
): Promise<{ readonly answer: Answer } | { readonly latest: State }> => {
  for (let tries = 1; ; tries += 1) {
    try {
      if (unanswered.has(command.command)) return { answer: await sendOnce(unanswered, command) };
      const { data, etag } = await read();
      if (!isSame(data)) return { latest: data };
      return { answer: await sendOnce(unanswered, command, etag) };
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      if (tries === triesMax) throw new ChangesAllTheTime();
    }
    await pause(firstPauseMs * 2 ** (tries - 1));
  }
};

/** The state that the user has seen, and how long to pause before another attempt. */
type SeenState<State> = {
  readonly read: () => Promise<{ readonly data: State; readonly etag: string | null }>;
  readonly isSame: (state: State) => boolean;
  readonly pause?: (ms: number) => Promise<void>;
};

const overtakenCodes: readonly string[] = ['REVISION_MISMATCH', 'CONCURRENT_MODIFICATION'];

const isOvertaken = (error: unknown): boolean => error instanceof LedgerProblem && overtakenCodes.includes(error.code);

const pauseFor = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
