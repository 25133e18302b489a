import { LedgerProblem } from '@license-ledger/client';

/** The keys of commands without a final answer, by command. */
export type UnansweredKeys = Map<string, string>;

/**
 * Sends a command with its Idempotency-Key. Until a final answer comes, the same command has the same key, so that it is
 * carried out once.
 */
export const sendOnce = async <Answer>(
  unanswered: UnansweredKeys,
  command: string,
  send: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> => {
  const idempotencyKey = unanswered.get(command) ?? crypto.randomUUID();
  unanswered.set(command, idempotencyKey);
  try {
    const answer = await send(idempotencyKey);
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
