import { type AnswerOf, createClient } from '@license-ledger/client';

/** An access token with its user and the organization that it is for. */
export type Access = AnswerOf<'openBrowserSession'>;

/** An access token, and until when this page uses it, by the monotonic clock of the page. */
export type Fresh = { readonly access: Access; readonly untilMs: number };

/** Exchanges the cookie of the browser. Exchanges of a tab at one time are one, and tabs take turns. */
export type CookieSession = { readonly refresh: () => Promise<Fresh> };

// The server accepts a used token for 10 seconds, and later takes it for stolen. All attempts must fall within them.
const attemptMs = 2_500;
// A token that ends on its way is of no use.
const marginSeconds = 30;

/** Creates the exchange of the cookie. */
export const createCookieSession = (baseUrl: string): CookieSession => {
  const client = createClient({ baseUrl, timeoutMs: attemptMs, tries: 3 });
  const exchange = async () => freshly((await client.call('refreshBrowserSession', { body: {} })).data);
  let running: Promise<Fresh> | null = null;
  return {
    refresh: () => {
      running ??= navigator.locks.request('ledger-refresh', exchange).finally(() => {
        running = null;
      });
      return running;
    },
  };
};

/** Returns an access token that came just now. */
export const freshly = (access: Access): Fresh => ({
  access,
  untilMs: performance.now() + (access.expiresInSeconds - marginSeconds) * 1_000,
});

/** Returns an access token that is still good, or null. */
export const fresh = (known: Fresh | null): Fresh | null =>
  known !== null && performance.now() < known.untilMs ? known : null;
