import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';

/** Adds the CORS headers to an answer. Returns true after answering a preflight; then nothing else may be written. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

const exposed = [
  'ETag',
  'Idempotent-Replayed',
  'Ledger-Position',
  'Ledger-Projected',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];
const accepted = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Ledger-Min-Position',
  'Prefer',
  'Last-Event-ID',
  'Traceparent',
  'X-Request-Id',
];
const preflightSeconds = 600;

/**
 * Returns what lets pages of exactly these origins call the API, without cookies. Every answer has `Vary: Origin`, so
 * that no cache gives the answer for one origin to another. Returns null without origins.
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
