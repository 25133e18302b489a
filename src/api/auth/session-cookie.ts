import type { IncomingHttpHeaders } from 'node:http';
import { isLocalName } from '../pages/local-guide.ts';
import { type Problem, problem } from '../problems/problems.ts';

/** The only path that a browser sends the cookie to. */
export const browserSessionPath = '/v1/auth/browser-session';

/** How long a browser keeps the cookie: as long as a device token works, 180 days. The server ends the tokens earlier. */
const cookieSeconds = 180 * 86_400;

/** The tokens in the cookie. A null refresh token stands for a device that is signed out. */
export type CookieTokens = { readonly refreshToken: string | null; readonly deviceToken: string | null };

/** The page that sends a request: its host with the port, and whether the cookie may only go over https. */
export type SendingPage = { readonly host: string; readonly isSecure: boolean };

/**
 * Returns the page that sends a request, which must be of this server. SameSite treats all ports of a host as one site, so
 * the origin is compared. Browsers tell by Sec-Fetch-Site what they compared themselves, also behind a proxy that changes
 * Host.
 */
export const sendingPage = ({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): SendingPage | Problem => {
  const page = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : null;
  const isOwn = site === undefined ? page?.host === host : site === 'same-origin';
  if (page === null || !isOwn) {
    return problem(
      'FORBIDDEN',
      'Only a page of this server may use this operation. Its header Origin must name this server. Programs use POST /v1/auth/login.',
    );
  }
  if (page.protocol === 'https:') return { host: page.host, isSecure: true };
  // A browser would not send the cookie, and a network could read the password.
  if (!isLocalName(page.host)) {
    return problem('FORBIDDEN', `Open this page over https: a browser may not sign in at ${page.origin}.`);
  }
  return { host: page.host, isSecure: false };
};

/** Returns the tokens in the cookie of a page. Both are null without a cookie. */
export const tokensIn = ({ cookie = '' }: IncomingHttpHeaders, page: SendingPage): CookieTokens => {
  const start = `${nameOf(page)}=`;
  const entry = cookie.split('; ').find((pair) => pair.startsWith(start)) ?? start;
  const [refreshToken = '', deviceToken = ''] = entry.slice(start.length).split('.');
  return { refreshToken: refreshToken || null, deviceToken: deviceToken || null };
};

/** Returns the header that stores tokens in the browser, where no script can read them. */
export const setCookie = (page: SendingPage, { refreshToken, deviceToken }: CookieTokens): Record<string, string> => {
  const value = `${refreshToken ?? ''}.${deviceToken ?? ''}`;
  const age = value === '.' ? 0 : cookieSeconds;
  const secure = page.isSecure ? '; Secure' : '';
  return {
    'Set-Cookie': `${nameOf(page)}=${value}; Path=${browserSessionPath}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`,
  };
};

// Cookies ignore ports too: two servers on one machine must not overwrite the cookie of each other.
const nameOf = ({ host, isSecure }: SendingPage): string => {
  const port = /:(\d+)$/.exec(host)?.[1] ?? (isSecure ? '443' : '80');
  return `${isSecure ? '__Secure-' : ''}ledger-session-${port}`;
};
