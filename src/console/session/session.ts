import {
  type Answered,
  type CallOptions,
  type Client,
  createClient,
  type InputOf,
  LedgerProblem,
  type OperationId,
} from '@license-ledger/client';
import { type Access, createCookieSession, type Fresh, fresh, freshly } from './cookie-session.ts';
import type { Unanswered } from './send-once.ts';

/** The state of the session: not known yet, nobody signed in, signed in, or ended while a page is open. */
export type SessionState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'signed out' }
  | { readonly kind: 'signed in'; readonly user: Access['user']; readonly organizationId: string | null }
  | { readonly kind: 'expired'; readonly user: Access['user'] };

/** The e-mail address and the password of a sign-in. */
export type SignIn = { readonly email: string; readonly password: string };

/** Thrown when another user has signed in, or nobody is signed in any longer, before a call could be sent again. */
export class OtherUser extends Error {
  override readonly name = 'OtherUser';
}

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
   * Throws LedgerProblem for a refusal, LedgerUnreachable without an answer, and OtherUser when the user of the call is
   * no longer the one who is signed in. Then nothing was sent for the other user.
   */
  readonly call: <Id extends OperationId>(
    organizationId: string | null,
    id: Id,
    input: InputOf<Id>,
    options?: CallOptions,
  ) => Promise<Answered<Id>>;
  /** The commands of this user that have no final answer. */
  readonly unanswered: Unanswered;
  /**
   * Opens a stream of the API at a path for an organization. Waits for a sign-in as `call` does. The answer may be a
   * refusal, except for a token that has ended.
   */
  readonly stream: (organizationId: string, path: string, signal: AbortSignal) => Promise<Response>;
};

/** Creates the session of a tab with the server at `baseUrl`. */
export const createSession = (baseUrl: string): Session => {
  const open = createClient({ baseUrl });
  const cookie = createCookieSession(baseUrl);
  const tabs = new BroadcastChannel('ledger-session');
  const listeners = new Set<() => void>();
  let state: SessionState = { kind: 'unknown' };
  /** Counts changes of the user. An answer from before a change must change nothing. */
  let epoch = 0;
  let newest: Fresh | null = null;
  let again: Again | null = null;
  const clients = new Map<string | null, Connected>();
  const unanswered: Unanswered = new Map();

  const become = (next: SessionState): void => {
    state = next;
    for (const listener of listeners) listener();
  };
  const userId = (): string | null => ('user' in state ? state.user.id : null);

  const accept = (next: Fresh): void => {
    const { user, organization } = next.access;
    if (userId() !== null && userId() !== user.id) forget();
    newest = next;
    become({ kind: 'signed in', user, organizationId: organization?.id ?? null });
    again?.resolve();
    again = null;
  };
  const forget = (): void => {
    epoch += 1;
    newest = null;
    clients.clear();
    unanswered.clear();
    again?.reject(new OtherUser());
    again = null;
  };

  /** Returns a new access token of a user. When the session has ended, it waits until the user has signed in again. */
  const renewed = async (of: string | null): Promise<Fresh> => {
    const began = epoch;
    try {
      const next = await cookie.refresh();
      if (began !== epoch) throw new OtherUser();
      // Another tab may have signed another user in. The page then shows that user, and the call ends here.
      accept(next);
      if (of !== null && next.access.user.id !== of) throw new OtherUser();
      return next;
    } catch (error) {
      if (!isSignedOut(error) || of === null) throw error;
      if (began !== epoch || !('user' in state)) throw new OtherUser();
      become({ kind: 'expired', user: state.user });
      again ??= createAgain();
      await again.promise;
      return fresh(newest) ?? renewed(of);
    }
  };

  const tokenFor = async (organizationId: string | null, of: string | null, from: Fresh): Promise<string> => {
    const { accessToken, organization } = from.access;
    if (organizationId === null || organization?.id === organizationId) return accessToken;
    const renew = async () => (await renewed(of)).access.accessToken;
    const user = createClient({ baseUrl, credentials: { kind: 'accessToken', accessToken, renew } });
    const switched = await user.call('switchOrganization', { body: { organizationId } });
    return switched.data.accessToken;
  };

  const connectionTo = (organizationId: string | null): Connected => {
    const known = clients.get(organizationId);
    if (known !== undefined) return known;
    const of = userId();
    const start = async () => {
      const from = fresh(newest) ?? (await renewed(of));
      let accessToken = await tokenFor(organizationId, of, from);
      const renew = async () => {
        accessToken = await tokenFor(organizationId, of, await renewed(of));
        return accessToken;
      };
      const client = createClient({ baseUrl, credentials: { kind: 'accessToken', accessToken, renew } });
      return { client, from, token: () => accessToken };
    };
    const connection: Connected = start();
    clients.set(organizationId, connection);
    // A failure is not remembered, so that the next use tries again.
    connection.catch(() => drop(organizationId, connection));
    return connection;
  };
  const drop = (organizationId: string | null, connection: Connected): void => {
    if (clients.get(organizationId) === connection) clients.delete(organizationId);
  };

  const resume = async (): Promise<void> => {
    const began = epoch;
    try {
      const next = await cookie.refresh();
      if (began === epoch) accept(next);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      if (state.kind === 'unknown') become({ kind: 'signed out' });
    }
  };
  const leave = (): void => {
    forget();
    become({ kind: 'signed out' });
  };
  tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === 'signed out' && 'user' in state) leave();
    // The next request finds out what a failure here has missed.
    else if (data === 'signed in') resume().catch(() => undefined);
  };

  const call: Session['call'] = async (organizationId, id, input, options = {}) => {
    const began = epoch;
    // Both attempts have the same key, so the operation is carried out once.
    const once = { idempotencyKey: crypto.randomUUID(), ...options };
    const connection = connectionTo(organizationId);
    const { client, from } = await connection;
    try {
      return await client.call(id, input, once);
    } catch (error) {
      // Another tab or another device has ended the session before its access token expired.
      if (!isSignedOut(error)) throw error;
      if (began !== epoch) throw new OtherUser();
      drop(organizationId, connection);
      // Calls that fail together renew together.
      if (newest === from) newest = null;
      const next = await connectionTo(organizationId);
      if (began !== epoch) throw new OtherUser();
      return next.client.call(id, input, once);
    }
  };

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    resume,
    signIn: async (credentials) => {
      const { data } = await open.call('openBrowserSession', { body: credentials });
      accept(freshly(data));
      tabs.postMessage('signed in');
    },
    signOut: async () => {
      await open.call('endBrowserSession', {});
      leave();
      tabs.postMessage('signed out');
    },
    call,
    unanswered,
    stream: async (organizationId, path, signal) => {
      const open = async () => {
        const { token } = await connectionTo(organizationId);
        const headers = { authorization: `Bearer ${token()}` };
        return fetch(baseUrl + path, { headers, redirect: 'error', signal });
      };
      const response = await open();
      if (response.status !== 401) return response;
      // Any call renews the token, or waits until the user has signed in again.
      await call(organizationId, 'me', {});
      return open();
    },
  };
};

/** A client with its newest access token, and the access token of the session that it came from. */
type Connected = Promise<{ readonly client: Client; readonly token: () => string; readonly from: Fresh }>;

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
