import type { IncomingHttpHeaders } from 'node:http';
import { uuidv7 } from 'uuidv7';

/**
 * The names one request goes by in the log and in the metadata of its events: `requestId`, which the answer has too, as what
 * caused them, `correlationId` as what they belong to.
 */
export type RequestIds = { readonly requestId: string; readonly correlationId: string };

/** The client's own X-Request-Id where it is a plain short token, else a new one. The trace id of `traceparent` correlates. */
export const requestIdsOf = (headers: IncomingHttpHeaders): RequestIds => {
  const given = headers['x-request-id'];
  const requestId = typeof given === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(given) ? given : uuidv7();
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
