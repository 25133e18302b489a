import type { Readable } from 'node:stream';
import { StreamNotFoundError } from '@eventstore/db-client';
import type { JsonObject, Position, Recorded } from './event-store.ts';

/** An event as the client returns it. */
export type StoredEvent = {
  readonly streamId: string;
  readonly id: string;
  readonly revision: bigint;
  readonly type: string;
  readonly data: unknown;
  readonly metadata?: unknown;
  readonly position?: Position;
};

/** A read of the client that is in progress. */
export type Reading = Readable & { cancel(): Promise<void> };

/**
 * Returns everything that a bounded read yields, and closes the call in any case. Rejects with the client's error, when
 * the read takes longer than `timeoutMs` (the client has no limit of its own), or when `signal` stops it.
 */
export const collect = <Raw>(reading: Reading, timeoutMs: number, signal?: AbortSignal): Promise<Raw[]> => {
  let isAnswered = false;
  return new Promise<Raw[]>((resolve, reject) => {
    const values: Raw[] = [];
    const timer = setTimeout(
      () => reject(new Error(`The event store did not answer a read within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    const onAbort = () => reject(new Error('The read was stopped.'));
    signal?.addEventListener('abort', onAbort);
    reading.on('data', (value: Raw) => values.push(value));
    reading.on('end', () => resolve(values));
    // The listener is never removed, because a late error without a listener would end the process.
    reading.on('error', (error) => {
      isAnswered = error instanceof StreamNotFoundError;
      reject(error);
    });
    reading.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      reject(new Error('The event store closed a read before its end.'));
    });
  }).finally(() => {
    reading.destroy();
    // Only a cancel closes the call. A cancel that fails has nothing to close.
    const close = () => void reading.cancel().catch(() => {});
    if (isAnswered) setTimeout(close, answeredMs).unref();
    else close();
  });
};

// The server itself ends a call after it has answered that the stream does not exist. An earlier cancel resets the
// call, and servers close connections that reset many calls (CVE-2023-44487): Node's server does so after 1,000 at
// once.
const answeredMs = 1_000;

/**
 * Converts an event of the client to the port's form. An event that is not JSON is not ours. It gets empty data and
 * metadata, so that no decoder accepts it.
 */
export const toRecorded = ({ streamId, id, revision, type, data, metadata, position }: StoredEvent): Recorded => {
  if (position === undefined) throw new Error('The event store tells no positions: version 22.6 or newer is needed.');
  return { stream: streamId, id, revision, type, data: asObject(data), metadata: asObject(metadata), position };
};

/** Returns a negative number, zero or a positive number when `a` is before, at or after `b` in the log. */
export const comparePositions = (a: Position, b: Position): number =>
  Number(a.commit === b.commit ? a.prepare - b.prepare : a.commit - b.commit);

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** Returns true for a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
