import { authorizing, type Credentials, type Refresh } from './credentials.ts';
import { type DeviceTokens, storeDeviceToken, withDeviceToken } from './device-tokens.ts';
import { type Operations, operations } from './generated/operations.ts';
import { bodyOf, LedgerProblem, problemOf } from './problem.ts';
import { type Patience, pause, type Received, send } from './send.ts';

/** The operationId of an operation in the OpenAPI document. */
export type OperationId = keyof Operations;

/** The input of an operation: the `params` of its path, its `query` and its `body`, as far as it has them. */
export type InputOf<Id extends OperationId> = Omit<Operations[Id], 'answer'>;

/** The body of an operation's answer. */
export type AnswerOf<Id extends OperationId> = Operations[Id]['answer'];

/** An answer: its body and its headers. */
export type Answered<Id extends OperationId> = {
  readonly status: number;
  readonly data: AnswerOf<Id>;
  /** The ETag of the answered resource, for `ifMatch`. Null when it has none. */
  readonly etag: string | null;
  /**
   * The position of the change in the log, for `minPosition` of a later read. Null when the operation appends no event.
   */
  readonly position: string | null;
  readonly requestId: string | null;
};

/** The options of a single call. */
export type CallOptions = {
  /**
   * Identifies the request, so that it is carried out once. The client creates one for every operation that supports
   * it.
   */
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  readonly minPosition?: string;
  readonly signal?: AbortSignal;
};

export type Client = {
  /**
   * Calls an operation. Retries when that is safe, and renews expired access tokens. Throws LedgerProblem for a refusal
   * and LedgerUnreachable without an answer.
   */
  readonly call: <Id extends OperationId>(id: Id, input: InputOf<Id>, options?: CallOptions) => Promise<Answered<Id>>;
  /** Returns every entry of a list, page by page. */
  readonly each: <Id extends ListId>(id: Id, input: InputOf<Id>, options?: CallOptions) => AsyncGenerator<EntryOf<Id>>;
};

/** Operations that answer in pages. */
export type ListId = {
  [Id in OperationId]: AnswerOf<Id> extends Page ? Id : never;
}[OperationId];

/** The type of the entries of a list. */
export type EntryOf<Id extends ListId> = AnswerOf<Id>['data'][number];

type Page = { data: unknown[]; nextCursor: string | null; hasMore: boolean };

/**
 * Creates a client of License Ledger for Node 20.19 and newer and for browsers. It has no dependency and sends one
 * fetch per attempt. It trusts the server of `baseUrl`, because answers are not signed. Use https://. A path in
 * `baseUrl` stays. Throws TypeError for an invalid `baseUrl`.
 */
export const createClient = ({
  baseUrl,
  credentials = { kind: 'none' },
  deviceTokens = new Map(),
  tries = 4,
  timeoutMs = 10_000,
  waitMsMax = 30_000,
  pause: pauseBetween = pause,
}: {
  readonly baseUrl: string;
  readonly credentials?: Credentials;
  /** Where the device tokens of logins are stored. Default: a Map, which ends with the client. */
  readonly deviceTokens?: DeviceTokens;
} & Partial<Patience>): Client => {
  const settings = { root: rootOf(baseUrl), patience: { tries, timeoutMs, waitMsMax, pause: pauseBetween } };
  const authorization = authorizing(credentials, refreshing(settings));

  const call: Client['call'] = async (id, calledWith, options = {}) => {
    const input = id === 'logIn' ? await withDeviceToken(deviceTokens, calledWith) : calledWith;
    // A retry with a new token has the same key.
    const key = options.idempotencyKey ?? crypto.randomUUID();
    const attempt = (header: string | null) =>
      sendCall(settings, header, { id, input, options: { ...options, idempotencyKey: key } });
    const sentHeader = authorization.header();
    const received = await attempt(sentHeader).catch(async (error: unknown) => {
      const isExpired = error instanceof LedgerProblem && error.code === 'TOKEN_EXPIRED';
      if (isExpired && (await authorization.renew(sentHeader, options.signal))) return attempt(authorization.header());
      throw error;
    });
    const { status, headers } = received;
    const data = bodyOf(received);
    await storeDeviceToken(deviceTokens, data);
    return {
      status,
      data,
      etag: headers.get('etag'),
      position: headers.get('ledger-position'),
      requestId: headers.get('x-request-id'),
    };
  };

  return {
    call,
    each: async function* <Id extends ListId>(id: Id, input: InputOf<Id>, options?: CallOptions) {
      let cursor: string | null = null;
      do {
        const query: object = { ...queryOf(input), ...(cursor === null ? {} : { cursor }) };
        const page: Page = (await call(id, { ...input, query }, options)).data;
        yield* page.data as EntryOf<Id>[];
        cursor = page.hasMore ? page.nextCursor : null;
      } while (cursor !== null);
    },
  };
};

type Settings = { readonly root: string; readonly patience: Patience };
type AnyInput = { readonly params?: object; readonly query?: object; readonly body?: unknown };
type Calling = { readonly id: OperationId; readonly input: AnyInput; readonly options: CallOptions };

const refreshing =
  ({ root, patience }: Settings): Refresh =>
  async (refreshToken) => {
    const received = await send({
      url: `${root}${operations.refresh.path}`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refreshToken }),
      signal: undefined,
      // The server accepts a second use of the token as the same renewal for 10 seconds, and ends the session later.
      // All attempts must fall within them, also when the first was carried out and its answer was lost.
      patience: { ...patience, timeoutMs: Math.min(patience.timeoutMs, 2_500) },
    });
    const { accessToken, refreshToken: next }: Partial<AnswerOf<'refresh'>> = bodyOf(received) ?? {};
    if (accessToken === undefined || next === undefined) throw problemOf(received.status, '');
    return { accessToken, refreshToken: next };
  };

const sendCall = (
  { root, patience }: Settings,
  authorization: string | null,
  { id, input: { params = {}, query = {}, body }, options }: Calling,
): Promise<Received> => {
  const { idempotencyKey, ifMatch, minPosition, signal } = options;
  const { method, path, repeats } = operations[id];
  const url = new URL(root + fill(path, params));
  for (const [name, text] of parametersOf(query)) url.searchParams.set(name, text);
  return send({
    url: url.href,
    method,
    headers: {
      Accept: 'application/json, application/problem+json',
      ...(authorization === null ? {} : { Authorization: authorization }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      // Operations without a key change nothing. Only a validation may start a term, which happens once.
      ...(repeats && idempotencyKey !== undefined ? { 'Idempotency-Key': idempotencyKey } : {}),
      ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
      ...(minPosition === undefined ? {} : { 'Ledger-Min-Position': minPosition }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    patience: { ...patience, timeoutMs: patience.timeoutMs + waitMsOf(query) },
  });
};

/** Returns the parameters of a query. The members of an object are parameters such as `metadata[team]`. */
const parametersOf = (query: object): readonly (readonly [name: string, text: string])[] =>
  Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value !== 'object' || value === null) return [[name, String(value)] as const];
    return parametersOf(value).map(([member, text]) => [`${name}[${member}]`, text] as const);
  });

// The server may hold the answer back for this long.
const waitMsOf = (query: object): number => ('wait' in query ? Number(query.wait ?? 0) * 1000 : 0);

const rootOf = (baseUrl: string): string => {
  const { origin, pathname, search, hash, username } = new URL(baseUrl);
  if (search + hash + username !== '') throw new TypeError('baseUrl must be scheme, host and path only.');
  return origin + pathname.replace(/\/+$/, '');
};

const fill = (path: string, params: object): string => {
  const values = new Map(Object.entries(params));
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = String(values.get(name) ?? '');
    // Such a value would lead to the path of another operation.
    if (['', '.', '..'].includes(value)) throw new TypeError(`${name} cannot be '${value}'.`);
    return encodeURIComponent(value);
  });
};

const queryOf = (input: object): object =>
  'query' in input && typeof input.query === 'object' ? (input.query ?? {}) : {};
