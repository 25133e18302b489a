import type { Pool, PoolClient } from 'pg';
import { createKeyedQueue } from '../async/keyed-queue.ts';
import { retry } from '../async/retry.ts';
import { reject } from '../domain/decider.ts';
import { type Instant, plusSeconds } from '../domain/time.ts';
import { keyReused } from '../eventstore/executor/decide-batch.ts';
import { commandIdFor, newCommandId } from '../eventstore/uuids.ts';
import { seal, unseal } from '../identity/seal.ts';
import type { Secrets } from '../identity/secrets.ts';
import { asTenant, becomeTenant } from '../postgres/tenant.ts';
import {
  completeRow,
  extendRow,
  holdRow,
  type IdempotencyPlace,
  insertRow,
  lockRow,
  releaseRow,
} from '../records/idempotency-rows.ts';
import { isRefusal, type Refusal } from './refusal.ts';

export type IdempotencyNeeds = { readonly pool: Pool; readonly secrets: Secrets };

/** The ids, hash and secret of a command. A repeated request gets the same ones. */
export type Attempt = {
  readonly commandId: string;
  readonly requestHash: string;
  /** Further hashes that the same request may have been stored with. */
  readonly earlierRequestHashes: readonly string[];
  readonly secret: string;
  /** Present when an earlier attempt that died may have been carried out, at this instant or later. */
  readonly attemptedSince?: Instant;
  /**
   * Does `work` as the organization, unless another attempt at the request may be under way. No other attempt starts
   * before the work is done. Does nothing when the attempt cannot know. The work may use only the connection `db`. Work
   * that waits for a second connection of the same pool stops every request.
   */
  readonly whenOnly: (organizationId: string, work: (db: PoolClient) => Promise<void>) => Promise<void>;
};

/** The hashes that a request may have been stored with. The first is the one to store. */
export type Recognized = {
  readonly hashes: readonly string[];
  /** Those of `hashes` that an earlier build computed over a password or token. No event gets one of them. */
  readonly overSecrets?: readonly string[];
  /**
   * The secret that only the first answer shows, or an empty text. It is stored encrypted before the work, so a crash
   * does not lose it.
   */
  readonly secret: string;
};

/** The owner of the idempotency keys of requests without a credential. */
export const nobodysOrganization = 'anonymous';

/** The functions that carry out a request, store its answer and return it again. */
export type Carrying<Answer> = {
  readonly work: (attempt: Attempt) => Promise<Answer>;
  /** Answers a repeated request from the stored answer. */
  readonly replay: (stored: string, attempt: Attempt) => Promise<Answer>;
  /** Returns what to store of an answer. Returns null when the answer may change when the request is repeated. */
  readonly toStore: (answer: Answer) => { readonly status: number; readonly text: string } | null;
};

/** Returns the attempt at a request without an idempotency key. */
export const soleAttempt = (pool: Pool, { hashes, secret }: Recognized): Attempt => {
  const [requestHash = '', ...earlierRequestHashes] = hashes;
  return {
    commandId: newCommandId(),
    requestHash,
    earlierRequestHashes,
    secret,
    whenOnly: (owner, undo) => asTenant(pool, owner, undo, { readOnly: false }),
  };
};

/**
 * Carries out a request at most once per idempotency key, and answers every repetition with the first answer. A later
 * request takes over an attempt that died, with its command id and secret. Only definite answers are stored, never a
 * failure of the server or a lost race.
 */
export const attemptOnce = async <Answer extends object>(
  needs: IdempotencyNeeds,
  place: IdempotencyPlace,
  recognized: Recognized,
  { work, replay, toStore }: Carrying<Answer>,
): Promise<Answer | Refusal> => {
  const { organizationId, principal, operation, key } = place;
  const commandId = commandIdFor(organizationId, principal, operation, key);
  // Requests with one key would wait for each other's lock, each with a connection.
  const begun = await oneAfterAnother(JSON.stringify([organizationId, principal, operation, key]), () =>
    begin(needs, place, recognized, commandId),
  );
  if (isRefusal(begun)) return begun;
  if (begun.stored !== undefined) return replay(begun.stored, begun.attempt);

  const release = () => asTenant(needs.pool, organizationId, (db) => releaseRow(db, place), { readOnly: false });
  let answer: Answer;
  try {
    answer = await work(begun.attempt);
  } catch (error) {
    await retryWrite(release);
    throw error;
  }
  const toKeep = toStore(answer);
  await retryWrite(() => (toKeep === null ? release() : complete(needs, place, commandId, toKeep)));
  return answer;
};

const oneAfterAnother = createKeyedQueue();

/** Retries when the connection is lost, because a row that stays in flight makes its client wait for seconds. */
const retryWrite = (work: () => Promise<unknown>): Promise<unknown> =>
  retry(work, (_error, failures) => (failures === triesMax ? null : retryPauseMs * failures));

const triesMax = 4;
const retryPauseMs = 50;

/** An attempt to carry out. `stored` is the answer when an earlier attempt was answered. */
type Begun = { readonly attempt: Attempt; readonly stored?: string };

const begin = (
  { pool, secrets }: IdempotencyNeeds,
  place: IdempotencyPlace,
  { hashes, overSecrets = [], secret: fresh }: Recognized,
  freshId: string,
): Promise<Begun | Refusal> =>
  asTenant(
    pool,
    place.organizationId,
    async (db) => {
      const [firstHash = '', ...others] = hashes;
      const sealed = fresh === '' ? null : seal(secrets, fresh, boundTo(place, freshId));
      const first = { commandId: freshId, requestHash: firstHash };
      const lockedUntil = await insertRow(db, place, { ...first, secret: sealed });
      if (lockedUntil !== null) {
        const attempt = { ...first, earlierRequestHashes: others, secret: fresh };
        return { attempt: { ...attempt, whenOnly: whileHeld(pool, place, lockedUntil) } };
      }
      const row = await lockRow(db, place);
      if (row === null) return inFlight;
      if (!hashes.includes(row.requestHash)) return keyReused;
      if (row.status === null && !row.isStale) return inFlight;
      const { commandId } = row;
      const attemptedSince = plusSeconds(row.createdAt, -clockMarginSeconds);
      const secret = row.secret === null ? '' : unseal(secrets, row.secret, boundTo(place, commandId));
      // The previous attempt may have stalled and may continue at any time.
      // The ids of the earlier attempt follow from its hash. Only a hash over a password may not get into an event.
      const requestHash = overSecrets.includes(row.requestHash) ? firstHash : row.requestHash;
      const next = {
        commandId,
        requestHash,
        secret,
        attemptedSince,
        earlierRequestHashes: hashes,
        whenOnly: never,
      };
      if (row.status !== null) {
        const stored = unseal(secrets, Buffer.from(row.body ?? '', 'base64'), boundTo(place, commandId));
        return { attempt: next, stored };
      }
      await extendRow(db, place);
      return { attempt: next };
    },
    { readOnly: false },
  );

// The clock that recorded an event may be behind the one that wrote the row.
const clockMarginSeconds = 300;

/** Does work while the row of an attempt keeps other attempts from starting. */
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

const complete = (
  { pool, secrets }: IdempotencyNeeds,
  place: IdempotencyPlace,
  commandId: string,
  { status, text }: { readonly status: number; readonly text: string },
): Promise<void> => {
  const body = seal(secrets, text, boundTo(place, commandId)).toString('base64');
  return asTenant(pool, place.organizationId, (db) => completeRow(db, place, { status, body }), { readOnly: false });
};

const never = async (): Promise<void> => undefined;

const inFlight: Refusal = {
  ...reject('IDEMPOTENCY_IN_FLIGHT', 'A request with this Idempotency-Key is being carried out.'),
  retryAfterSeconds: 1,
};

const boundTo = ({ organizationId, principal, operation, key }: IdempotencyPlace, commandId: string): string =>
  [organizationId, principal, operation, key, commandId].join('\0');
