import { type Attempt, attemptOnce, type IdempotencyNeeds, soleAttempt } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { isProblem, type Problem, problem, refused, statusOf } from '../problems/problems.ts';
import type { Call, Reply } from '../route.ts';
import { reachable } from './reachable.ts';
import { hasSecrets, legacyHashes, newRequestHash, requestHashes } from './request-hash.ts';

/** A request that changes something: the caller, the operation and the validated input. */
export type ChangeRequest = {
  readonly organizationId: string;
  readonly principal: string;
  readonly operation: string;
  readonly input: object;
  /** Further values that tell the request from others, such as the ids that a token stands for. */
  readonly about?: object;
  /**
   * Checks the password of a repeated request before the stored answer is returned, and refuses a wrong one. The
   * password is not part of what recognizes the request. A refusal of such a request is decided again.
   */
  readonly prove?: () => Promise<Problem | null>;
  /** Creates the secret that only the first answer shows. */
  readonly createSecret?: () => string;
};

/**
 * Does `work` at most once per Idempotency-Key, as `attemptOnce` says, and answers every repetition with the first
 * answer. A request without the header is carried out each time.
 */
export const idempotently = async (
  needs: IdempotencyNeeds,
  call: Call,
  request: ChangeRequest,
  work: (attempt: Attempt) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const { organizationId, principal, operation, input, about = {}, createSecret, prove } = request;
  const secret = createSecret?.() ?? '';
  const key = call.headers['idempotency-key'];
  if (key === undefined) {
    // No earlier attempt has stored a hash under another secret.
    const hashes = [newRequestHash(needs.secrets, { sent: call.sent, about })];
    return work(soleAttempt(needs.pool, { hashes, secret }));
  }
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return problem('INVALID_REQUEST', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }

  const hashes = requestHashes(needs.secrets, { sent: call.sent, about, legacyInput: input });
  const overSecrets = hasSecrets(call.sent.body) ? legacyHashes(needs.secrets, input) : [];
  const recognized = { hashes, overSecrets, secret };
  const answer = await attemptOnce(needs, { organizationId, principal, operation, key }, recognized, {
    work,
    toStore: (answer: Reply | Problem) => storedOf(answer, call.requestId),
    replay: async (stored, attempt) => {
      const replay = replayed(stored);
      if (prove === undefined) return replay;
      if (!isProblem(replay)) return (await prove()) ?? replay;
      // The stored refusal may belong to another password than this one.
      const again = await work(attempt);
      return isProblem(again) && again.problem === replay.problem ? replay : again;
    },
  });
  return isRefusal(answer) ? refused(answer) : answer;
};

type Kept =
  | { readonly reply: Omit<Reply, 'position'>; readonly position: string | null }
  | { readonly refusal: Problem };

const storedOf = (answer: Reply | Problem, requestId: string) => {
  const status = isProblem(answer) ? statusOf(answer) : answer.status;
  if (isProblem(answer) && (status >= 500 || isPassing(answer))) return null;
  return { status, text: JSON.stringify(kept(answer, requestId)) };
};

/** The refusals that may change when the same request is sent again, such as with another If-Match. */
const passing: ReadonlySet<string> = new Set([
  'CONCURRENT_MODIFICATION',
  'IDEMPOTENCY_IN_FLIGHT',
  'PASSWORD_REQUIRED',
  'RATE_LIMITED',
  'REVISION_MISMATCH',
  'SIGNUP_CLOSED',
]);

// A client that waits as the refusal says, and repeats its request, must not get the stored refusal.
const isPassing = ({ problem: code, extension = {} }: Problem): boolean => passing.has(code) || 'retryAt' in extension;

const kept = (answer: Reply | Problem, requestId: string): Kept => {
  if (isProblem(answer)) return { refusal: { ...answer, requestId } };
  const { position, ...reply } = answer;
  return { reply, position: position === undefined ? null : String(position) };
};

const replayed = (text: string): Reply | Problem => {
  const stored: Kept = JSON.parse(text);
  const marked = (headers: Readonly<Record<string, string>> | undefined) => ({
    ...headers,
    'Idempotent-Replayed': 'true',
  });
  if ('refusal' in stored) return { ...stored.refusal, headers: marked(stored.refusal.headers) };
  const reply = { ...stored.reply, headers: marked(stored.reply.headers) };
  return reachable(stored.position === null ? reply : { ...reply, position: BigInt(stored.position) });
};
