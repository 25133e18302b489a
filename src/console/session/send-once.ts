import { LedgerProblem } from '@license-ledger/client';

/** How a command was sent: with its Idempotency-Key, and with the ETag of the state that it changes. */
export type Attempt = { readonly idempotencyKey: string; readonly ifMatch?: string };

/** The attempts without a final answer, by command. */
export type Unanswered = Map<string, Attempt>;

/** A command by its name, and how to send it. */
export type OnceCommand<Answer> = {
  readonly command: string;
  readonly send: (attempt: Attempt) => Promise<Answer>;
};

/**
 * Sends a command with its Idempotency-Key. Until a final answer comes, the same command is sent as at first, so that it
 * is carried out once. `ifMatch` is for a first attempt.
 */
export const sendOnce = async <Answer>(
  unanswered: Unanswered,
  { command, send }: OnceCommand<Answer>,
  ifMatch: string | null = null,
): Promise<Answer> => {
  const attempt = unanswered.get(command) ?? {
    idempotencyKey: crypto.randomUUID(),
    ...(ifMatch === null ? {} : { ifMatch }),
  };
  unanswered.set(command, attempt);
  try {
    const answer = await send(attempt);
    unanswered.delete(command);
    return answer;
  } catch (error) {
    if (isFinal(error)) unanswered.delete(command);
    throw error;
  }
};

const passingStatuses = [408, 429];
const passingCodes: readonly string[] = ['IDEMPOTENCY_IN_FLIGHT', 'CONCURRENT_MODIFICATION'];

/**
 * Returns true for a refusal that a repeated request gets again. A proxy answers for itself, so the server may have
 * carried the request out.
 */
export const isFinal = (error: unknown): boolean =>
  error instanceof LedgerProblem &&
  error.status < 500 &&
  !passingStatuses.includes(error.status) &&
  !passingCodes.includes(error.code) &&
  !error.code.startsWith('HTTP_');
