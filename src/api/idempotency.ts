import type { Pool, PoolClient } from 'pg';
import { retry } from '../async/retry.ts';
import { type Instant, plusSeconds } from '../domain/time.ts';
import { commandIdFor, newCommandId } from '../eventstore/ids.ts';
import { seal, unseal } from '../identity/seal.ts';
import type { Secrets } from '../identity/secrets.ts';
import { asTenant, becomeTenant } from '../projections/tenant.ts';
import {
  completeRow,
  extendRow,
  holdRow,
  type IdempotencyPlace,
  type IdempotencyRow,
  insertRow,
  lockRow,
  releaseRow,
} from './idempotency-rows.ts';
import { isProblem, type Problem, problem, problemForNow, statusOf } from './problems.ts';
import { requestHashes } from './request-hash.ts';
import type { Call, Reply } from './route.ts';

export type IdempotencyNeeds = { readonly pool: Pool; readonly secrets: Secrets };

/** A request that changes something: who asks for which operation with which validated input. */
export type ChangeRequest = {
  readonly organizationId: string;
  readonly principal: string;
  readonly operation: string;
  readonly input: object;
  /** What tells the request from others besides what the client sent, or in place of a token. */
  readonly about?: object;
  /**
   * For a request with a password, which is no part of what it is recognized by: checks the password before a stored
   * answer is shown, and refuses a wrong one. A refusal of such a request is decided again.
   */
  readonly prove?: () => Promise<Problem | null>;
  /** Makes what the answer shows once. It is kept encrypted before anything happens, so that a crash does not lose it. */
  readonly createSecret?: () => string;
};

/** What a command is sent with. The same request sent again gets the same ids, hash and secret. */
export type Attempt = {
  readonly commandId: string;
  readonly requestHash: string;
  /** Further hashes that the same request may have been stored with. */
  readonly earlierRequestHashes: readonly string[];
  readonly secret: string;
  /** Present when an earlier request that died may have been carried out, at this instant or later. */
  readonly attemptedSince?: Instant;
  /**
   * Does `work` as the organization, unless another attempt at the request may be under way. None begins before the
   * work is done. An attempt that cannot know does nothing. `db` is the only connection that the work may use: work
   * that waits for a second one of the same pool while it holds the first stops every request.
   */
  readonly whenOnly: (organizationId: string, work: (db: PoolClient) => Promise<void>) => Promise<void>;
};

/**
 * Does `work` at most once per Idempotency-Key, and answers every repetition as the first time. An attempt that died is
 * taken over with its command id and secret. Only definite answers are kept: never a failure of ours, nor a lost race.
 */
export const idempotently = async (
  needs: IdempotencyNeeds,
  call: Call,
  request: ChangeRequest,
  work: (attempt: Attempt) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const { organizationId, principal, operation, input, about = {}, createSecret, prove } = request;
  const hashes = requestHashes(needs.secrets, { sent: call.sent, about, legacyInput: input });
  const [requestHash = '', ...earlierRequestHashes] = hashes;
  const key = call.headers['idempotency-key'];
  const secret = createSecret?.() ?? '';
  if (key === undefined)
    return work({
      ...{ commandId: newCommandId(), requestHash, earlierRequestHashes, secret },
      whenOnly: (owner, undo) => asTenant(needs.pool, owner, undo, { readOnly: false }),
    });
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return problem('INVALID_REQUEST', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }

  const place = { organizationId, principal, operation, key };
  const commandId = commandIdFor(organizationId, principal, operation, key);
  const begun = await begin(needs, place, hashes, { commandId, requestHash, earlierRequestHashes, secret });
  if (!('attempt' in begun)) return begun;
  const { replay } = begun;
  if (replay !== undefined) {
    if (prove === undefined) return replay;
    if (!isProblem(replay)) return (await prove()) ?? replay;
    // It may have been refused for another password than this one.
    const again = await work(begun.attempt);
    return isProblem(again) && again.problem === replay.problem ? replay : again;
  }

  let answer: Reply | Problem;
  try {
    answer = await work(begun.attempt);
  } catch (error) {
    await insist(() => asTenant(needs.pool, organizationId, (db) => releaseRow(db, place), { readOnly: false }));
    throw error;
  }
  await insist(() => finish(needs, place, commandId, answer, call.requestId));
  return answer;
};

/** Tries again when the database connection was lost: a row left in flight would keep its client waiting for seconds. */
const insist = (work: () => Promise<unknown>): Promise<unknown> =>
  retry(work, (_error, failures) => (failures === insistMax ? null : insistPauseMs * failures));

const insistMax = 4;
const insistPauseMs = 50;

/** An attempt to carry out, or one that was answered already: `replay` is its answer. */
type Begun = { readonly attempt: Attempt; readonly replay?: Reply | Problem };

const begin = (
  { pool, secrets }: IdempotencyNeeds,
  place: IdempotencyPlace,
  hashes: readonly string[],
  attempt: Omit<Attempt, 'whenOnly'>,
): Promise<Begun | Problem> =>
  asTenant(
    pool,
    place.organizationId,
    async (db) => {
      const bound = boundTo(place, attempt.commandId);
      const sealed = attempt.secret === '' ? null : seal(secrets, attempt.secret, bound);
      const lockedUntil = await insertRow(db, place, { ...attempt, secret: sealed });
      if (lockedUntil !== null) return { attempt: { ...attempt, whenOnly: whileHeld(pool, place, lockedUntil) } };
      const row = await lockRow(db, place);
      if (row === null) return inFlight;
      if (!hashes.includes(row.requestHash)) return keyReused;
      if (row.status === null && !row.isStale) return inFlight;
      const { commandId, requestHash } = row;
      const attemptedSince = plusSeconds(row.createdAt, -clockMarginSeconds);
      const secret = row.secret === null ? '' : unseal(secrets, row.secret, boundTo(place, commandId));
      // The attempt before may have stalled, and go on at any time.
      const next = { commandId, requestHash, secret, attemptedSince, earlierRequestHashes: hashes, whenOnly: never };
      if (row.status !== null) return { attempt: next, replay: replayed(secrets, place, row) };
      await extendRow(db, place);
      return { attempt: next };
    },
    { readOnly: false },
  );

// The clock that recorded an event may be behind the one that wrote the row.
const clockMarginSeconds = 300;

/** Does work while the row of an attempt keeps all others from beginning. */
const whileHeld =
  (pool: Pool, place: IdempotencyPlace, lockedUntil: string): Attempt['whenOnly'] =>
  (organizationId, work) =>
    asTenant(
      pool,
      place.organizationId,
      async (db) => {
        if (!(await holdRow(db, place, lockedUntil))) return;
        await becomeTenant(db, organizationId);
        await work(db);
      },
      { readOnly: false },
    );

type Kept =
  | { readonly reply: Omit<Reply, 'position'>; readonly position: string | null }
  | { readonly refusal: Problem };

const finish = async (
  { pool, secrets }: IdempotencyNeeds,
  place: IdempotencyPlace,
  commandId: string,
  answer: Reply | Problem,
  requestId: string,
): Promise<void> => {
  await asTenant(
    pool,
    place.organizationId,
    (db) => {
      const status = isProblem(answer) ? statusOf(answer) : answer.status;
      if (isProblem(answer) && (status >= 500 || passing.has(answer.problem))) return releaseRow(db, place);
      const body = seal(secrets, JSON.stringify(kept(answer, requestId)), boundTo(place, commandId)).toString('base64');
      return completeRow(db, place, { status, body });
    },
    { readOnly: false },
  );
};

/** Refusals that may turn out otherwise when the same request is sent again, be it with another If-Match. */
const passing: ReadonlySet<string> = new Set([
  ...['CONCURRENT_MODIFICATION', 'IDEMPOTENCY_IN_FLIGHT', 'RATE_LIMITED', 'REVISION_MISMATCH'],
]);

const kept = (answer: Reply | Problem, requestId: string): Kept => {
  if (isProblem(answer)) return { refusal: { ...answer, requestId } };
  const { position, ...reply } = answer;
  return { reply, position: position === undefined ? null : String(position) };
};

const replayed = (secrets: Secrets, place: IdempotencyPlace, { body, commandId }: IdempotencyRow): Reply | Problem => {
  const stored: Kept = JSON.parse(unseal(secrets, Buffer.from(body ?? '', 'base64'), boundTo(place, commandId)));
  const marked = (headers: Readonly<Record<string, string>> | undefined) => ({
    ...headers,
    'Idempotent-Replayed': 'true',
  });
  if ('refusal' in stored) return { ...stored.refusal, headers: marked(stored.refusal.headers) };
  const reply = { ...stored.reply, headers: marked(stored.reply.headers) };
  return stored.position === null ? reply : { ...reply, position: BigInt(stored.position) };
};

/** Refuses a request whose Idempotency-Key belongs to another one. */
export const keyReused = problem(
  'IDEMPOTENCY_KEY_REUSED',
  'This Idempotency-Key was used with another request. Use a new one.',
);

const never = async (): Promise<void> => undefined;

const inFlight = problemForNow('IDEMPOTENCY_IN_FLIGHT', 'A request with this Idempotency-Key is being carried out.', 1);

const boundTo = ({ organizationId, principal, operation, key }: IdempotencyPlace, commandId: string): string =>
  [organizationId, principal, operation, key, commandId].join('\0');
