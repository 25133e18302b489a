import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * The ids of a request in the log and in the metadata of its events. `requestId` is also in the answer and is the cause
 * of the events. `correlationId` says what they belong to.
 */
export type RequestIds = { readonly requestId: string; readonly correlationId: string };

/**
 * Returns the client's X-Request-Id when it is a short plain token, else a new id. The trace id of `traceparent` is the
 * correlation id.
 */
export const requestIdsOf = (headers: IncomingHttpHeaders): RequestIds => {
  const sentId = headers['x-request-id'];
  const requestId = typeof sentId === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(sentId) ? sentId : randomUUID();
  const { traceparent } = headers;
  return { requestId, correlationId: traceparent === undefined ? requestId : (traceIdOf(traceparent) ?? requestId) };
};

const traceIdOf = (traceparent: string | string[]): string | null => {
  const traceId =
    typeof traceparent === 'string'
      ? /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,200})?$/.exec(traceparent)?.[1]
      : undefined;
  return traceId === undefined || /^0+$/.test(traceId) ? null : traceId;
};
