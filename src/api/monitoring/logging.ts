import type { Logger } from 'pino';
import type { RequestIds } from '../http/request-id.ts';

/** Where a request came from. `clientIp` is the address behind the proxies of the operator. */
export type RequestOrigin = RequestIds & {
  readonly clientIp: string;
  /** The id of the user, of the API key, or of the license that a client named by its key. Null: none was proved. */
  readonly principal: string | null;
};

/**
 * One answered request. `route` is the id of the operation. It has no path, query or body, which could contain a
 * secret.
 */
export type AnsweredRequest = RequestOrigin & {
  readonly tenant: string | null;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
};

/** Reports requests: one line for each, and a line with the error when the server failed. */
export type RequestLog = {
  readonly answered: (request: AnsweredRequest) => void;
  readonly failed: (error: unknown, origin: RequestOrigin, route: string) => void;
  /**
   * Reports a refresh token that was used twice, which ended its session. It was stolen, or its owner used an old one.
   */
  readonly reused: (session: {
    readonly userId: string;
    readonly sessionId: string;
    readonly requestId: string;
  }) => void;
};

/** Returns a log that writes answers as info and failures as error with their stack. */
export const createRequestLog = (log: Logger): RequestLog => ({
  answered: ({ tenant, route, status, milliseconds, requestId, correlationId, clientIp, principal }) => {
    if (!log.isLevelEnabled('info')) return;
    const ms = Math.round(milliseconds * 10) / 10;
    log.info({ tenant, route, status, requestId, correlationId, clientIp, principal, ms }, 'request');
  },
  failed: (error, { requestId, correlationId, clientIp, principal }, route) =>
    log.error({ err: withoutValues(error), requestId, correlationId, clientIp, principal, route }, 'request failed'),
  reused: (session) => log.warn(session, 'A refresh token was used twice. Its session has ended.'),
});

/** Returns an error without the values that Postgres quotes. */
const withoutValues = (error: unknown): unknown => {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error ? String(error.code) : undefined;
  return { type: error.name, message: error.message, stack: error.stack, ...(code === undefined ? {} : { code }) };
};
