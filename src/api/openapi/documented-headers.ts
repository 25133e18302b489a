import { z } from 'zod';
import { type ReplyHeader, type Route, readsModels } from '../route.ts';

// Each stands in the document once, under a name of its own.
const header = (id: string, description: string) => z.string().meta({ description, header: { id } });
const maybe = (id: string, description: string) => z.string().optional().meta({ description, header: { id } });
const asked = (description: string) => z.string().optional().meta({ description });

const requestId = header('RequestId', 'Names the request, also in the log and as the cause of its events.');
const etag = header('ETag', 'The version of what is answered, for If-Match and If-None-Match.');
const location = header('Location', 'Where what was made can be read.');
const link = maybe('Link', 'rel="next": the next page, where there is one.');
const position = header('LedgerPosition', 'Where the change is in the log.');
const begun = maybe('BegunAt', 'Where the term began in the log, where this has begun it.');
const projected = maybe('LedgerProjected', 'false: the change cannot be read yet.');
const applied = maybe('PreferenceApplied', 'respond-async, where that was asked for.');
const replayed = maybe(
  'IdempotentReplayed',
  'true: this is the answer to an earlier request with the same Idempotency-Key.',
);
const credential = header('WWWAuthenticate', 'What credential is asked for.');
const retryAfter = header('RetryAfter', 'Seconds to wait before the request is sent again.');
const retryInFlight = maybe('RetryInFlight', 'With IDEMPOTENCY_IN_FLIGHT: seconds to wait before it is sent again.');
const limits = {
  'RateLimit-Policy': maybe('RateLimitPolicy', 'Every limit that applies: its name, quota and window in seconds.'),
  RateLimit: maybe('RateLimit', 'What is left of each, and in how many seconds there is more.'),
};
const ofReply: Readonly<Record<ReplyHeader, z.ZodType>> = { ETag: etag, Location: location };

/** True for an operation that takes Idempotency-Key. */
export const takesIdempotencyKey = ({ effect }: Route): boolean => effect === 'append' || effect === 'change';

/** The headers that an operation takes beside its credential. */
export const requestHeadersOf = (route: Route) =>
  z.object({
    'X-Request-Id': asked('Names the request in the answer, in the log and as the cause of its events.'),
    ...(takesIdempotencyKey(route)
      ? {
          'Idempotency-Key': z.string().max(255).optional().meta({
            description: 'Repeating a request with the same key answers as the first time, without doing it again.',
          }),
        }
      : {}),
    ...(route.effect === 'append' ? { Prefer: asked('respond-async: do not wait until the change is readable.') } : {}),
    ...(route.conditional === true ? conditionOf(route) : {}),
    ...(readsModels(route)
      ? { 'Ledger-Min-Position': asked('Ledger-Position of an earlier answer: this read waits until it contains it.') }
      : {}),
    ...(isStream(route) ? { 'Last-Event-ID': asked('The id of the last event that came: go on after it.') } : {}),
  });

/** The headers of a success with this status, and of 304. */
export const replyHeadersOf = (route: Route, status: number) => {
  const { access, effect, replies } = route;
  const own = status === 304 ? (['ETag'] as const) : (replies[status]?.headers ?? []);
  return z.object({
    'X-Request-Id': requestId,
    ...(route.isProbe === true ? {} : limits),
    ...(effect === 'append'
      ? {
          'Ledger-Position': position,
          'Ledger-Projected': projected,
          'Preference-Applied': applied,
        }
      : {}),
    // The first validation of a license may begin its term.
    ...(effect !== 'append' && access.kind === 'license'
      ? { 'Ledger-Position': begun, 'Ledger-Projected': projected, 'Preference-Applied': applied }
      : {}),
    ...(takesIdempotencyKey(route) ? { 'Idempotent-Replayed': replayed } : {}),
    ...(route.conditional === true ? { ETag: etag } : {}),
    ...Object.fromEntries(own.map((name) => [name, ofReply[name]])),
    ...(isList(route) ? { Link: link } : {}),
  });
};

/** The headers of a refusal with this status. */
export const refusalHeadersOf = (route: Route, status: number) =>
  z.object({
    'X-Request-Id': requestId,
    ...(status === 429 ? limits : {}),
    ...(status === 401 ? { 'WWW-Authenticate': credential } : {}),
    ...(status === 429 || status === 503 ? { 'Retry-After': retryAfter } : {}),
    ...(status === 409 && takesIdempotencyKey(route) ? { 'Retry-After': retryInFlight } : {}),
    ...(takesIdempotencyKey(route) ? { 'Idempotent-Replayed': replayed } : {}),
  });

const conditionOf = ({ method }: Route) =>
  method === 'get'
    ? { 'If-None-Match': asked('ETag of an earlier answer: 304 without a body when nothing has changed since.') }
    : { 'If-Match': asked('ETag of an earlier answer: refused with 412 when it has changed since.') };

const isStream = ({ replies }: Route): boolean =>
  Object.values(replies).some(({ type, body }) => type !== undefined && body === undefined);

const isList = (route: Route): boolean => {
  const { query } = route.request.shape;
  return query instanceof z.ZodObject && 'cursor' in query.shape && !isStream(route);
};
