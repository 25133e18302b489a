import { z } from 'zod';
import { type ReplyHeader, type Route, readsModels } from '../route.ts';

// Each header is in the document once, under its own name.
const header = (id: string, description: string) => z.string().meta({ description, header: { id } });
const maybe = (id: string, description: string) => z.string().optional().meta({ description, header: { id } });
const requestHeader = (description: string) => z.string().optional().meta({ description });

const requestId = header('RequestId', 'Identifies the request in the log and in its events.');
const etag = header('ETag', 'The version of the answered resource, for If-Match and If-None-Match.');
const location = header('Location', 'The address of the created resource.');
const link = maybe('Link', 'The address of the next page with rel="next", when there is a next page.');
const position = header('LedgerPosition', 'The position of the change in the log.');
const begun = maybe('BegunAt', 'The position of the start of the term in the log, when this request started it.');
const projected = maybe('LedgerProjected', 'The value false says that the change cannot be read yet.');
const applied = maybe('PreferenceApplied', 'respond-async, when the request asked for it.');
const replayed = maybe(
  'IdempotentReplayed',
  'The value true says that this is the answer to an earlier request with the same Idempotency-Key.',
);
const credential = header('WWWAuthenticate', 'The kinds of credentials that the operation accepts.');
const retryAfter = header('RetryAfter', 'The seconds to wait before sending the request again.');
const retryInFlight = maybe(
  'RetryInFlight',
  'The seconds to wait before sending the request again, with IDEMPOTENCY_IN_FLIGHT, COOLDOWN_ACTIVE, and limits that time frees.',
);
const limits = {
  'RateLimit-Policy': maybe(
    'RateLimitPolicy',
    'The limits that apply, each with its name, quota and window in seconds.',
  ),
  RateLimit: maybe('RateLimit', 'The rest of each limit, and in how many seconds it grows again.'),
};
const ofReply: Readonly<Record<ReplyHeader, z.ZodType>> = { ETag: etag, Location: location };

/** Returns true for an operation that supports Idempotency-Key. */
export const takesIdempotencyKey = ({ effect }: Route): boolean => effect === 'append' || effect === 'change';

/** Returns the request headers of an operation besides its credential. */
export const requestHeadersOf = (route: Route) =>
  z.object({
    'X-Request-Id': requestHeader('Identifies the request in the answer, in the log and in its events.'),
    ...(takesIdempotencyKey(route)
      ? {
          'Idempotency-Key': z.string().max(255).optional().meta({
            description: 'A repeated request with the same key gets the first answer and is not carried out again.',
          }),
        }
      : {}),
    ...(route.effect === 'append'
      ? { Prefer: requestHeader('respond-async answers without waiting until the change can be read.') }
      : {}),
    ...(route.conditional === true ? conditionOf(route) : {}),
    ...(readsModels(route)
      ? {
          'Ledger-Min-Position': requestHeader(
            'The Ledger-Position of an earlier answer. The read waits until the read models contain that position.',
          ),
        }
      : {}),
    ...(isStream(route)
      ? { 'Last-Event-ID': requestHeader('The id of the last received event. The stream continues after it.') }
      : {}),
  });

/** Returns the headers of a success with this status, and of 304. */
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
    // The first validation of a license may start its term.
    ...(effect !== 'append' && access.kind === 'license'
      ? { 'Ledger-Position': begun, 'Ledger-Projected': projected, 'Preference-Applied': applied }
      : {}),
    ...(takesIdempotencyKey(route) ? { 'Idempotent-Replayed': replayed } : {}),
    ...(route.conditional === true ? { ETag: etag } : {}),
    ...Object.fromEntries(own.map((name) => [name, ofReply[name]])),
    ...(isList(route) ? { Link: link } : {}),
  });
};

/** Returns the headers of a refusal with this status. */
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
    ? {
        'If-None-Match': requestHeader(
          'The ETag of an earlier answer. When nothing has changed since then, the answer is 304 without a body.',
        ),
      }
    : {
        'If-Match': requestHeader(
          'The ETag of an earlier answer. When the resource has changed since then, the request is refused with 412.',
        ),
      };

const isStream = ({ replies }: Route): boolean =>
  Object.values(replies).some(({ type, body }) => type !== undefined && body === undefined);

const isList = (route: Route): boolean => {
  const { query } = route.request.shape;
  return query instanceof z.ZodObject && 'cursor' in query.shape && !isStream(route);
};
