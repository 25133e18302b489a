/** Tokens of a signed-in user. A refresh token works once: keep the newest. */
export type Tokens = { readonly accessToken: string; readonly refreshToken: string };

/** What the client shows: an organization's API key, a license key, a signed-in user's tokens, or nothing. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'apiKey'; readonly apiKey: string }
  | { readonly kind: 'licenseKey'; readonly licenseKey: string }
  | {
      readonly kind: 'user';
      readonly tokens: Tokens;
      /** Called with each new pair before it is used, so that it can be stored: the one before is worth nothing then. */
      readonly onTokens?: (tokens: Tokens) => void | Promise<void>;
    };

/** Credentials as a request shows them, and how they are renewed. */
export type Authorizing = {
  /** The Authorization header; null: none. */
  readonly header: () => string | null;
  /** Gets new tokens, once for all requests that ask at the same time. False: there is nothing to renew. */
  readonly renew: () => Promise<boolean>;
};

/** `refresh` exchanges a refresh token for a new pair. */
export const authorizing = (credentials: Credentials, refresh: (token: string) => Promise<Tokens>): Authorizing => {
  switch (credentials.kind) {
    case 'none':
      return fixed(null);
    case 'apiKey':
      return fixed(`Bearer ${credentials.apiKey}`);
    case 'licenseKey':
      return fixed(`License ${credentials.licenseKey}`);
    case 'user': {
      let { tokens } = credentials;
      let renewing: Promise<boolean> | null = null;
      const renew = async () => {
        tokens = await refresh(tokens.refreshToken);
        await credentials.onTokens?.(tokens);
        return true;
      };
      return {
        header: () => `Bearer ${tokens.accessToken}`,
        renew: () => {
          renewing ??= renew().finally(() => {
            renewing = null;
          });
          return renewing;
        },
      };
    }
  }
};

const fixed = (header: string | null): Authorizing => ({ header: () => header, renew: async () => false });
