import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type Instant, plusSeconds } from '../domain/time.ts';
import { commandIdFor, newCommandId } from '../eventstore/ids.ts';
import { seal, unseal } from '../identity/seal.ts';
import type { Secrets } from '../identity/secrets.ts';
import { asTenant } from '../projections/tenant.ts';
import {
  completeRow,
  extendRow,
  type IdempotencyPlace,
  type IdempotencyRow,
  insertRow,
  lockRow,
  releaseRow,
} from './idempotency-rows.ts';
import { isProblem, type Problem, problem, problemForNow, statusOf } from './problems.ts';
import type { Call, Reply } from './route.ts';

export type IdempotencyNeeds = { readonly pool: Pool; readonly secrets: Secrets };

/** A request that changes something: who asks for which operation with which validated input. */
export type ChangeRequest = {
  readonly organizationId: string;
  readonly principal: string;
  readonly operation: string;
  readonly input: object;
  /** Makes what the answer shows once. It is kept encrypted before anything happens, so that a crash does not lose it. */
  readonly createSecret?: () => string;
};

/** What a command is sent with. The same request sent again gets the same ids, hash and secret. */
export type Attempt = {
  readonly commandId: string;
  readonly requestHash: string;
  readonly secret: string;
  /** Present when an earlier request that died may have been carried out, at this instant or later. */
  readonly attemptedSince?: Instant;
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
  const hashes = requestHashes(needs.secrets, request.input);
  const [requestHash = ''] = hashes;
  const { organizationId, principal, operation, createSecret } = request;
  const key = call.headers['idempotency-key'];
  const secret = createSecret?.() ?? '';
  if (key === undefined) return work({ commandId: newCommandId(), requestHash, secret });
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return problem('INVALID_REQUEST', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }

  const place = { organizationId, principal, operation, key };
  const commandId = commandIdFor(organizationId, principal, operation, key);
  const begun = await begin(needs, place, hashes, { commandId, requestHash, secret });
  if (!('attempt' in begun)) return begun;

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
const insist = async (work: () => Promise<unknown>): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === insistMax) throw error;
      await delay(insistPauseMs * attempt);
    }
  }
};

const insistMax = 4;
const insistPauseMs = 50;

const begin = (
  { pool, secrets }: IdempotencyNeeds,
  place: IdempotencyPlace,
  hashes: readonly string[],
  attempt: Attempt,
): Promise<{ readonly attempt: Attempt } | Reply | Problem> =>
  asTenant(
    pool,
    place.organizationId,
    async (db) => {
      const bound = boundTo(place, attempt.commandId);
      const sealed = attempt.secret === '' ? null : seal(secrets, attempt.secret, bound);
      if (await insertRow(db, place, { ...attempt, secret: sealed })) return { attempt };
      const row = await lockRow(db, place);
      if (row === null) return inFlight;
      if (!hashes.includes(row.requestHash)) {
        return problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used with another request. Use a new one.');
      }
      if (row.status !== null) return replayed(secrets, place, row);
      if (!row.isStale) return inFlight;
      await extendRow(db, place);
      const { commandId, requestHash } = row;
      const attemptedSince = plusSeconds(row.createdAt, -clockMarginSeconds);
      const secret = row.secret === null ? '' : unseal(secrets, row.secret, boundTo(place, commandId));
      return { attempt: { commandId, requestHash, secret, attemptedSince } };
    },
    { readOnly: false },
  );

// The clock that recorded an event may be behind the one that wrote the row.
const clockMarginSeconds = 300;

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

const inFlight = problemForNow('IDEMPOTENCY_IN_FLIGHT', 'A request with this Idempotency-Key is being carried out.', 1);

const boundTo = ({ organizationId, principal, operation, key }: IdempotencyPlace, commandId: string): string =>
  [organizationId, principal, operation, key, commandId].join('\0');

// Keyed, because a request may hold personal values that are short enough to be guessed from a plain hash.
const requestHashes = (secrets: Secrets, input: object): string[] => {
  const text = JSON.stringify(input);
  return secrets.all.map((secret) => createHmac('sha256', secret.key('idempotency')).update(text).digest('hex'));
};
