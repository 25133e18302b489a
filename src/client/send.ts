import { LedgerUnreachable, problemOf } from './problem.ts';

/** How often and how long the client tries. */
export type Patience = {
  /** Tries of one request at most. Default 4. */
  readonly tries: number;
  /** Milliseconds until a try counts as unanswered. Default 10,000; what listEvents is told to `wait` is added. */
  readonly timeoutMs: number;
  /** Milliseconds that a server may ask to wait (Retry-After) before it is taken as a refusal. Default 30,000. */
  readonly waitMsMax: number;
  /** Waits between two tries; throws when the signal aborts. Default: a timer. */
  readonly pause: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

/** A request that does no more when it is sent twice than when it is sent once: every try is the same. */
export type Request = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly patience: Patience;
};

export type Received = { readonly status: number; readonly headers: Headers; readonly text: string };

/**
 * Sends a request and again, with growing pauses, while nobody answers or the answer says that later will do (429, 502, 503,
 * 504, a request in flight under the same Idempotency-Key, others who changed the same thing). Throws LedgerProblem for a
 * refusal, LedgerUnreachable without answer.
 */
export const send = async (request: Request): Promise<Received> => {
  const { patience, signal } = request;
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt >= patience.tries;
    const received = await tryOnce(request).catch((error: unknown) => {
      signal?.throwIfAborted();
      if (isLast) throw new LedgerUnreachable(`${request.method} ${request.url} was not answered.`, { cause: error });
      return null;
    });
    if (received !== null && received.status < 400) return received;
    const waitMs = received === null ? pauseMs(attempt) : retryAfterMs(request, received, attempt);
    if (received !== null && (isLast || waitMs === null || waitMs > patience.waitMsMax)) {
      throw problemOf(received.status, received.text);
    }
    await patience.pause(waitMs ?? 0, signal);
  }
};

const tryOnce = async ({ url, method, headers, body, signal, patience }: Request): Promise<Received> => {
  const timeout = AbortSignal.timeout(patience.timeoutMs);
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'error',
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

// Null: trying again would bring the same.
const retryAfterMs = (request: Request, { status, headers, text }: Received, attempt: number): number | null => {
  const isLater = status === 429 || (status >= 502 && status <= 504) || passing(request).includes(codeOf(status, text));
  if (!isLater) return null;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : pauseMs(attempt);
};

const codeOf = (status: number, text: string): string => problemOf(status, text).code;

// With If-Match a change by others is what the caller wants to hear of.
const passing = ({ headers }: Request): readonly string[] =>
  'If-Match' in headers ? ['IDEMPOTENCY_IN_FLIGHT'] : ['IDEMPOTENCY_IN_FLIGHT', 'CONCURRENT_MODIFICATION'];

// Doubled each time and spread, so that clients which failed together do not come back together.
const pauseMs = (attempt: number): number => 200 * 2 ** (attempt - 1) * (0.5 + Math.random());

/** Waits by a timer. */
export const pause: Patience['pause'] = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
