import { LedgerUnreachable, problemOf } from './problem.ts';

/** How often and how long the client tries a request. */
export type Patience = {
  /** The maximum number of attempts of one request. Default 4. */
  readonly tries: number;
  /** The milliseconds until an attempt counts as unanswered. Default 10,000. The `wait` of listEvents is added. */
  readonly timeoutMs: number;
  /** The maximum Retry-After in milliseconds. A longer one counts as a refusal. Default 30,000. */
  readonly waitMsMax: number;
  /** Waits between two attempts. Throws when the signal aborts. Default: a timer. */
  readonly pause: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

/** A request that can be sent several times and is carried out once. Every attempt is the same. */
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
 * Sends a request, and retries it with growing pauses while no answer comes or the answer allows a retry. Answers that
 * allow one: 429, 502, 503, 504, a request in flight with the same Idempotency-Key, concurrent changes. Throws
 * LedgerProblem for a refusal, and LedgerUnreachable without an answer.
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

// Returns null when a retry would get the same answer.
const retryAfterMs = (request: Request, { status, headers, text }: Received, attempt: number): number | null => {
  const isLater = status === 429 || (status >= 502 && status <= 504) || passing(request).includes(codeOf(status, text));
  if (!isLater) return null;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : pauseMs(attempt);
};

const codeOf = (status: number, text: string): string => problemOf(status, text).code;

// With If-Match the caller wants to know about concurrent changes.
const passing = ({ headers }: Request): readonly string[] =>
  'If-Match' in headers ? ['IDEMPOTENCY_IN_FLIGHT'] : ['IDEMPOTENCY_IN_FLIGHT', 'CONCURRENT_MODIFICATION'];

// The pause doubles each time and is random, so that clients that failed together do not return together.
const pauseMs = (attempt: number): number => 200 * 2 ** (attempt - 1) * (0.5 + Math.random());

/** Waits with a timer. */
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
