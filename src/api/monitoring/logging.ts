import type { Logger } from 'pino';
import type { RequestIds } from '../http/request-id.ts';

/** One answered request. `route` is the operation's id; no path, query or body, in which a secret could stand. */
export type AnsweredRequest = RequestIds & {
  readonly tenant: string | null;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
};

/** Where requests are reported: one line each, and one more with the error for what failed on our side. */
export type RequestLog = {
  readonly answered: (request: AnsweredRequest) => void;
  readonly failed: (error: unknown, ids: RequestIds, route: string) => void;
  /** A refresh token came a second time, which ended its session: somebody has stolen it, or its owner has lost track. */
  readonly reused: (whose: { readonly userId: string; readonly sessionId: string; readonly requestId: string }) => void;
};

/** Writes to pino: answers as info, failures as error with their stack. */
export const createRequestLog = (log: Logger): RequestLog => ({
  answered: ({ milliseconds, ...request }) => {
    if (log.isLevelEnabled('info')) log.info({ ...request, ms: Math.round(milliseconds * 10) / 10 }, 'request');
  },
  failed: (error, { requestId, correlationId }, route) =>
    log.error({ err: withoutValues(error), requestId, correlationId, route }, 'request failed'),
  reused: (whose) => log.warn(whose, 'A refresh token was used twice; its session was ended.'),
});

/** An error without what Postgres quotes of the values it was given. */
const withoutValues = (error: unknown): unknown => {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error ? String(error.code) : undefined;
  return { type: error.name, message: error.message, stack: error.stack, ...(code === undefined ? {} : { code }) };
};
