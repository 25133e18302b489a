import {
  type Answered,
  type AnswerOf,
  type CallOptions,
  type Client,
  createClient,
  type InputOf,
  LedgerProblem,
  type OperationId,
} from '@license-ledger/client';

/** An access token with its user and the organization that it is for. */
export type Access = AnswerOf<'openBrowserSession'>;

/** The state of the session: not known yet, nobody signed in, signed in, or ended while a page is open. */
export type SessionState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'signed out' }
  | { readonly kind: 'signed in'; readonly user: Access['user']; readonly organizationId: string | null }
  | { readonly kind: 'expired'; readonly user: Access['user'] };

/** The e-mail address and the password of a sign-in. */
export type SignIn = { readonly email: string; readonly password: string };

/**
 * The session of this tab. The refresh token is in a cookie that no script reads. Access tokens are in memory only, one for
 * each organization.
 */
export type Session = {
  readonly state: () => SessionState;
  readonly subscribe: (listener: () => void) => () => void;
  /** Finds out who is signed in, at the start of the page. */
  readonly resume: () => Promise<void>;
  /** Signs in. Throws LedgerProblem when the server refuses. Requests that wait for a sign-in of the same user go on. */
  readonly signIn: (credentials: SignIn) => Promise<void>;
  /** Signs out of this browser. */
  readonly signOut: () => Promise<void>;
  /**
   * Calls an operation for an organization; null for none. The call waits while the user signs in again, and then goes on.
   * Throws LedgerProblem for a refusal and LedgerUnreachable without an answer.
   */
  readonly call: <Id extends OperationId>(
    organizationId: string | null,
    id: Id,
    input: InputOf<Id>,
    options?: CallOptions,
  ) => Promise<Answered<Id>>;
};

/** Creates the session of a tab with the server at `baseUrl`. */
export const createSession = (baseUrl: string): Session => {
  const open = createClient({ baseUrl });
  const listeners = new Set<() => void>();
  let state: SessionState = { kind: 'unknown' };
  let newest: Access | null = null;
  let again: Again | null = null;
  const clients = new Map<string | null, Promise<Client>>();

  const become = (next: SessionState): void => {
    state = next;
    for (const listener of listeners) listener();
  };

  const accept = (access: Access): void => {
    const isOther = 'user' in state && state.user.id !== access.user.id;
    if (isOther) forget();
    newest = access;
    become({ kind: 'signed in', user: access.user, organizationId: access.organization?.id ?? null });
    again?.resolve();
    again = null;
  };

  const forget = (): void => {
    newest = null;
    clients.clear();
    again?.reject(new Error('Another user has signed in.'));
    again = null;
  };

  const refresh = async (): Promise<Access> => {
    const { data } = await open.call('refreshBrowserSession', { body: {} });
    return data;
  };

  /** Returns a new access token. When the session has ended, it waits until the user has signed in again. */
  const renewed = async (): Promise<Access> => {
    try {
      const access = await refresh();
      accept(access);
      return access;
    } catch (error) {
      if (!isSignedOut(error) || !('user' in state)) throw error;
      become({ kind: 'expired', user: state.user });
      again ??= createAgain();
      await again.promise;
      return newest ?? renewed();
    }
  };

  const tokenFor = async (organizationId: string | null, access: Access): Promise<string> => {
    if (organizationId === null || access.organization?.id === organizationId) return access.accessToken;
    const user = createClient({ baseUrl, credentials: fixed(access.accessToken) });
    const switched = await user.call('switchOrganization', { body: { organizationId } });
    return switched.data.accessToken;
  };

  const clientIn = (organizationId: string | null): Promise<Client> => {
    const known = clients.get(organizationId);
    if (known !== undefined) return known;
    const connect = async () => {
      const accessToken = await tokenFor(organizationId, newest ?? (await renewed()));
      const renew = async () => tokenFor(organizationId, await renewed());
      return createClient({ baseUrl, credentials: { kind: 'accessToken', accessToken, renew } });
    };
    const client = connect();
    clients.set(organizationId, client);
    // A failure is not remembered, so that the next use tries again.
    client.catch(() => clients.delete(organizationId));
    return client;
  };

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    resume: async () => {
      try {
        accept(await refresh());
      } catch (error) {
        if (!isSignedOut(error)) throw error;
        become({ kind: 'signed out' });
      }
    },
    signIn: async (credentials) => {
      const { data } = await open.call('openBrowserSession', { body: credentials });
      accept(data);
    },
    signOut: async () => {
      await open.call('endBrowserSession', {});
      forget();
      become({ kind: 'signed out' });
    },
    call: async (organizationId, id, input, options = {}) => {
      // Both attempts have the same key, so the operation is carried out once.
      const once = { idempotencyKey: crypto.randomUUID(), ...options };
      try {
        return await (await clientIn(organizationId)).call(id, input, once);
      } catch (error) {
        // Another tab or another device has ended the session before its access token expired.
        if (!isSignedOut(error)) throw error;
        newest = null;
        clients.clear();
        return (await clientIn(organizationId)).call(id, input, once);
      }
    },
  };
};

const fixed = (accessToken: string) =>
  ({ kind: 'accessToken', accessToken, renew: () => Promise.resolve(accessToken) }) as const;

const isSignedOut = (error: unknown): boolean => error instanceof LedgerProblem && error.code === 'UNAUTHENTICATED';

type Again = { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void };

const createAgain = (): Again => {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((fulfilled, failed) => {
    resolve = fulfilled;
    reject = failed;
  });
  return { promise, resolve, reject };
};
