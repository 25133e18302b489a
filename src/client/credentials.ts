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
  /** Gets new tokens in the place of those that were shown, once for all requests that showed them. False: nothing to renew. */
  readonly renew: (shown: string | null) => Promise<boolean>;
};

/** Exchanges a refresh token for a new pair. */
export type Refresh = (refreshToken: string) => Promise<Tokens>;

/** Shows the credentials, and renews those that can be. */
export const authorizing = (credentials: Credentials, refresh: Refresh): Authorizing => {
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
        const next = await refresh(tokens.refreshToken);
        // Those before are kept until then, so that the same renewal can be asked for again.
        await credentials.onTokens?.(next);
        tokens = next;
        return true;
      };
      const header = () => `Bearer ${tokens.accessToken}`;
      return {
        header,
        renew: async (shown) => {
          if (shown !== header()) return true;
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
