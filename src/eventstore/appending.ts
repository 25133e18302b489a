import { type AppendToStreamOptions, type JSONEventData, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { type Append, type Appended, errorOfCall } from './append-errors.ts';
import type { Connection } from './connection.ts';
import { OutcomeUnknown, type Proposed } from './event-store.ts';
import { gatherAppends } from './gathered-appends.ts';

/** The login of each call. */
export type Credentials = { readonly username: string; readonly password: string };

/** How a process appends. */
export type Appending = {
  /** Appends once, as `append` of the port. */
  readonly append: (append: Append) => Promise<Appended>;
  readonly close: () => void;
};

type Needs = {
  readonly connection: Connection;
  readonly credentials: Credentials;
  /** Gathers the appends of different streams into one call. */
  readonly gathers: boolean;
};

/**
 * Returns how to append: each append as a call of its own, or gathered into one call. After an unknown outcome of a
 * gathered append, appends go by calls of their own until one succeeds. The client knows how to connect again after the
 * errors of such calls.
 */
export const createAppending = ({ connection, credentials, gathers }: Needs): Appending => {
  const single = (append: Append) => appendByCall(connection, credentials, append);
  if (!gathers) return { append: single, close: () => {} };
  const gathered = gatherAppends(connection.client, credentials);
  let isTrusted = true;
  return {
    append: async (append) => {
      if (!isTrusted) {
        const appended = await single(append);
        isTrusted = true;
        return appended;
      }
      try {
        return await gathered.append(append);
      } catch (error) {
        if (error instanceof OutcomeUnknown) isTrusted = false;
        throw error;
      }
    },
    close: gathered.close,
  };
};

const appendByCall = async (connection: Connection, credentials: Credentials, append: Append): Promise<Appended> => {
  const { stream, events, expected, timeoutMs } = append;
  const messages = events.map(toMessage);
  // Credentials and deadline in each call select the unary call. It keeps its own deadline, and when one call fails it
  // does not reject the others.
  const options: AppendToStreamOptions = {
    expectedRevision: expected === 'no_stream' ? NO_STREAM : expected,
    credentials,
    deadline: timeoutMs,
  };
  try {
    const { nextExpectedRevision, position } = await withTimeout(timeoutMs + graceMs, () =>
      connection.call((client) => client.appendToStream(stream, messages, options)),
    );
    if (position === undefined) throw new Error('The event store did not tell the position of an append.');
    return { revision: nextExpectedRevision, position };
  } catch (error) {
    throw errorOfCall(append, error);
  }
};

/**
 * Rejects when `work` takes longer than `timeoutMs`: the client can wait for ever. The append may still happen later.
 */
const withTimeout = async <Result>(timeoutMs: number, work: () => Promise<Result>): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    clearTimeout(timer);
  }
};

const toMessage = ({ id, type, data, metadata }: Proposed): JSONEventData => {
  // The client hangs when an event has no JSON form, so such an event must fail here.
  JSON.stringify([data, metadata]);
  return jsonEvent({ id, type, data, metadata });
};

const graceMs = 250;
