import { LedgerProblem } from '@license-ledger/client';

/** Thrown when somebody has changed what a form began with. Nothing was saved. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

const triesMax = 5;

/**
 * Sends a command on the state that the user has seen. `read` returns the present state with its ETag, and `isSame` tells
 * whether it has what the user saw. Returns that state, and sends nothing, when it differs. The server refuses a change
 * in between, and then it is read again: the ETag of a whole catalog or license also changes with its other parts.
 */
export const sendUnchanged = async <State, Answer>({
  read,
  isSame,
  send,
}: {
  readonly read: () => Promise<{ readonly data: State; readonly etag: string | null }>;
  readonly isSame: (state: State) => boolean;
  readonly send: (ifMatch: string | undefined) => Promise<Answer>;
}): Promise<{ readonly answer: Answer } | { readonly latest: State }> => {
  for (let tries = 1; ; tries += 1) {
    const { data, etag } = await read();
    if (!isSame(data)) return { latest: data };
    try {
      return { answer: await send(etag ?? undefined) };
    } catch (error) {
      if (!isMismatch(error) || tries === triesMax) throw error;
    }
  }
};

const isMismatch = (error: unknown): boolean => error instanceof LedgerProblem && error.code === 'REVISION_MISMATCH';
