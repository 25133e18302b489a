import type { Readable } from 'node:stream';
import { StreamNotFoundError } from '@eventstore/db-client';
import type { JsonObject, Position, Recorded } from './event-store.ts';

/** An event as the client hands it out. */
export type StoredEvent = {
  readonly streamId: string;
  readonly id: string;
  readonly revision: bigint;
  readonly type: string;
  readonly data: unknown;
  readonly metadata?: unknown;
  readonly position?: Position;
};

/** A read of the client that is under way. */
export type Reading = Readable & { cancel(): Promise<void> };

/**
 * Everything a bounded read yields. Rejects with the client's error, or when it takes longer than `timeoutMs`, for which the
 * client has no limit of its own, or when `signal` stops it. The call is closed in any case.
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
    // The listener stays: an error that comes late must not end the process.
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
    // Without this the call stays open. A cancel that fails has nothing to close.
    const close = () => void reading.cancel().catch(() => {});
    if (isAnswered) setTimeout(close, answeredMs).unref();
    else close();
  });
};

// The server ends a call on its own after it said that the stream does not exist. A cancel that comes earlier resets the
// call, and servers close connections that reset many calls (CVE-2023-44487): Node's does after 1,000 at once.
const answeredMs = 1_000;

/**
 * An event in the terms of the port. One that is not JSON, so not ours, comes with empty data and metadata, which no decoder
 * takes for an event of ours.
 */
export const toRecorded = ({ streamId, id, revision, type, data, metadata, position }: StoredEvent): Recorded => {
  if (position === undefined) throw new Error('The event store tells no positions: version 22.6 or newer is needed.');
  return { stream: streamId, id, revision, type, data: asObject(data), metadata: asObject(metadata), position };
};

/** Less than zero, zero or more, as `a` lies before, at or after `b` in the log. */
export const comparePositions = (a: Position, b: Position): number =>
  Number(a.commit === b.commit ? a.prepare - b.prepare : a.commit - b.commit);

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
