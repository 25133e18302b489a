import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';

/** Marks an answer for browsers. True: the request was a preflight and is answered; nothing else may be written. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

const exposed = [
  ...['ETag', 'Idempotent-Replayed', 'Ledger-Position', 'Ledger-Projected', 'Link', 'Location', 'RateLimit'],
  ...['RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
];
const accepted = [
  ...['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Ledger-Min-Position', 'Prefer'],
  ...['Last-Event-ID', 'Traceparent', 'X-Request-Id'],
];
const preflightSeconds = 600;

/**
 * Lets pages of exactly these origins call the API, without cookies. `Vary: Origin` stands on every answer, so that no cache
 * hands one origin's answer to another. Null when there is no origin to let in.
 */
export const createCors = (origins: readonly string[]): Cors | null => {
  if (origins.length === 0) return null;
  const mark = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: accepted,
    exposedHeaders: exposed,
    credentials: false,
    maxAge: preflightSeconds,
  });
  return (request, response) => {
    const { method, headers } = request;
    const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
    if (method === 'OPTIONS' && !isPreflight) return false;
    let goesOn = false;
    mark(request, response, (error) => {
      if (error !== undefined) throw error;
      goesOn = true;
    });
    return !goesOn;
  };
};
