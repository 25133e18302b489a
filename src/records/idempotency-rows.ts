import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs } from '../postgres/epoch-ms.ts';

/** An idempotency key, with the values that it is unique within. */
export type IdempotencyPlace = {
  readonly organizationId: string;
  readonly principal: string;
  readonly operation: string;
  readonly key: string;
};

/** A stored row. `isStale`: it has been in flight for so long that its request must have died. */
export type IdempotencyRow = {
  readonly requestHash: string;
  readonly commandId: string;
  readonly status: number | null;
  readonly body: string | null;
  readonly secret: Buffer | null;
  readonly isStale: boolean;
  readonly createdAt: Instant;
};

/** For how many seconds a request may be in flight before another one takes over. */
export const lockedSeconds = 10;

/** Writes the row of a request in flight and returns the end of its lock. Returns null when the row exists. */
export const insertRow = async (
  db: PoolClient,
  place: IdempotencyPlace,
  row: { readonly requestHash: string; readonly commandId: string; readonly secret: Buffer | null },
): Promise<string | null> => {
  const { rows } = await db.query<{ locked_until: string }>({
    name: 'idempotency-insert',
    text: `insert into ops.idempotency
        (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, secret, locked_until)
      values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => ${lockedSeconds}))
      on conflict do nothing returning locked_until::text`,
    values: [...placeValues(place), row.requestHash, row.commandId, row.secret],
  });
  return rows[0]?.locked_until ?? null;
};

/**
 * Locks the row until the transaction ends. Returns true when no other request has taken it over or may take it over.
 */
export const holdRow = async (db: PoolClient, place: IdempotencyPlace, lockedUntil: string): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'idempotency-hold',
    text: `select from ops.idempotency where (issuer_org_id, principal, operation, idempotency_key) = ($1, $2, $3, $4)
      and status is null and locked_until = $5::timestamptz and locked_until > clock_timestamp() for update`,
    values: [...placeValues(place), lockedUntil],
  });
  return rowCount === 1;
};

/** Reads the row and locks it until the transaction ends. Returns null when there is none. */
export const lockRow = async (db: PoolClient, place: IdempotencyPlace): Promise<IdempotencyRow | null> => {
  const { rows } = await db.query<{
    request_hash: string;
    command_id: string;
    status: number | null;
    body: string | null;
    secret: Buffer | null;
    is_stale: boolean;
    created_ms: string;
  }>({
    name: 'idempotency-lock',
    text: `select request_hash, command_id, status, body, secret, locked_until <= clock_timestamp() as is_stale,
        ${epochMs('created_at')} as created_ms
      from ops.idempotency where (issuer_org_id, principal, operation, idempotency_key) = ($1, $2, $3, $4)
      for update`,
    values: placeValues(place),
  });
  const [row] = rows;
  if (row === undefined) return null;
  const { request_hash: requestHash, command_id: commandId, status, body, secret, is_stale: isStale } = row;
  return { requestHash, commandId, status, body, secret, isStale, createdAt: fromMs(Number(row.created_ms)) };
};

/** Takes over a stale row and locks it for the same time again. */
export const extendRow = async (db: PoolClient, place: IdempotencyPlace): Promise<void> => {
  await db.query({
    name: 'idempotency-extend',
    text: `update ops.idempotency set locked_until = clock_timestamp() + make_interval(secs => ${lockedSeconds})
      where (issuer_org_id, principal, operation, idempotency_key) = ($1, $2, $3, $4)`,
    values: placeValues(place),
  });
};

/** Stores the answer, which contains the secret. Keeps an existing answer. */
export const completeRow = async (
  db: PoolClient,
  place: IdempotencyPlace,
  answer: { readonly status: number; readonly body: string },
): Promise<void> => {
  await db.query({
    name: 'idempotency-complete',
    text: `update ops.idempotency set status = $5, body = $6, secret = null
      where (issuer_org_id, principal, operation, idempotency_key) = ($1, $2, $3, $4) and status is null`,
    values: [...placeValues(place), answer.status, answer.body],
  });
};

/**
 * Unlocks the row, because the request ended without a definite answer. The next request with this key takes over at
 * once.
 */
export const releaseRow = async (db: PoolClient, place: IdempotencyPlace): Promise<void> => {
  await db.query({
    name: 'idempotency-release',
    text: `update ops.idempotency set locked_until = clock_timestamp()
      where (issuer_org_id, principal, operation, idempotency_key) = ($1, $2, $3, $4) and status is null`,
    values: placeValues(place),
  });
};

const placeValues = ({ organizationId, principal, operation, key }: IdempotencyPlace): string[] => [
  organizationId,
  principal,
  operation,
  key,
];
