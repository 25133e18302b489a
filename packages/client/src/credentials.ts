/** The tokens of a signed-in user. A refresh token works once, so keep the newest pair. */
export type Tokens = { readonly accessToken: string; readonly refreshToken: string };

/**
 * The credentials of the client: an API key of an organization, a license key, the tokens of a user, an access token that
 * the program renews itself, or none.
 */
export type Credentials =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'accessToken';
      readonly accessToken: string;
      /** Returns the next access token. Throws when there is none; the call that needed it then throws the same. */
      readonly renew: () => Promise<string>;
    }
  | { readonly kind: 'apiKey'; readonly apiKey: string }
  | { readonly kind: 'licenseKey'; readonly licenseKey: string }
  | {
      readonly kind: 'user';
      readonly tokens: Tokens;
      /** Called with each new pair before its first use. Store it, because the previous pair no longer works. */
      readonly onTokens?: (tokens: Tokens) => void | Promise<void>;
    };

/** Returns the Authorization header of requests and renews credentials. */
export type Authorizing = {
  /** Returns the Authorization header, or null without credentials. */
  readonly header: () => string | null;
  /**
   * Replaces the tokens that a request has sent, once for all requests with the same tokens. Returns false when the
   * credentials cannot be renewed. Throws the reason of `signal` once it is aborted; other requests still wait.
   */
  readonly renew: (sentHeader: string | null, signal: AbortSignal | undefined) => Promise<boolean>;
};

/** Exchanges a refresh token for a new pair. */
export type Refresh = (refreshToken: string) => Promise<Tokens>;

/** Returns the credentials for requests, with their renewal. */
export const authorizing = (credentials: Credentials, refresh: Refresh): Authorizing => {
  switch (credentials.kind) {
    case 'none':
      return fixed(null);
    case 'apiKey':
      return fixed(`Bearer ${credentials.apiKey}`);
    case 'licenseKey':
      return fixed(`License ${inHeader(credentials.licenseKey)}`);
    case 'accessToken':
      return renewable(credentials.accessToken, credentials.renew);
    case 'user': {
      let { tokens } = credentials;
      return renewable(tokens.accessToken, async () => {
        const next = await refresh(tokens.refreshToken);
        // The previous tokens stay until then, so that the same renewal can be repeated.
        await credentials.onTokens?.(next);
        tokens = next;
        return next.accessToken;
      });
    }
  }
};

const renewable = (first: string, next: () => Promise<string>): Authorizing => {
  let accessToken = first;
  let renewing: Promise<boolean> | null = null;
  const header = () => `Bearer ${accessToken}`;
  const renew = async () => {
    accessToken = await next();
    return true;
  };
  return {
    header,
    renew: async (sentHeader, signal) => {
      if (sentHeader !== header()) return true;
      renewing ??= renew().finally(() => {
        renewing = null;
      });
      return untilAborted(renewing, signal);
    },
  };
};

const untilAborted = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal?.reason);
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', stop));
  });

const fixed = (header: string | null): Authorizing => ({ header: () => header, renew: async () => false });

/** Returns a pasted key for a header: its UTF-8 bytes, one character each, without line breaks. */
const inHeader = (licenseKey: string): string =>
  String.fromCharCode(...new TextEncoder().encode(licenseKey.replace(/\p{Cc}/gu, ' ')));
