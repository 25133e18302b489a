import { type Authorizing, authorizing, type Credentials, type Tokens } from './credentials.ts';
import { type Operations, operations } from './generated/operations.ts';
import { LedgerProblem } from './problem.ts';
import { type Patience, type Received, send } from './send.ts';

/** The name of an operation, as the OpenAPI document has it. */
export type OperationId = keyof Operations;

/** What an operation takes: `params` of its path, `query`, `body`, as far as it has them. */
export type InputOf<Id extends OperationId> = Omit<Operations[Id], 'answer'>;

/** The body of an operation's answer. */
export type AnswerOf<Id extends OperationId> = Operations[Id]['answer'];

/** An answer: its body, and what its headers say. */
export type Answered<Id extends OperationId> = {
  readonly status: number;
  readonly data: AnswerOf<Id>;
  /** Version of what was answered, for `ifMatch`; null: it has none. */
  readonly etag: string | null;
  /** Where a change is in the log, for `minPosition` of a later read; null: nothing was changed. */
  readonly position: string | null;
  readonly requestId: string | null;
};

/** What a single call may ask for beside its input. */
export type CallOptions = {
  /** Names the request, so that sending it again does nothing more. Made for every operation that takes one, if not given. */
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  readonly minPosition?: string;
  readonly signal?: AbortSignal;
};

export type Client = {
  /**
   * Calls an operation. Tries again where that is safe; renews expired access tokens. Throws LedgerProblem when it is refused,
   * LedgerUnreachable when nobody answers.
   */
  readonly call: <Id extends OperationId>(id: Id, input: InputOf<Id>, options?: CallOptions) => Promise<Answered<Id>>;
  /** Every entry of a list, page by page. */
  readonly each: <Id extends ListId>(id: Id, input: InputOf<Id>, options?: CallOptions) => AsyncGenerator<EntryOf<Id>>;
};

/** Operations that answer in pages. */
export type ListId = {
  [Id in OperationId]: AnswerOf<Id> extends Page ? Id : never;
}[OperationId];

/** What a list is of. */
export type EntryOf<Id extends ListId> = AnswerOf<Id>['data'][number];

type Page = { data: unknown[]; nextCursor: string | null; hasMore: boolean };

/**
 * A client of License Ledger for Node 20 and newer and browsers: no dependency, one fetch per try. It believes the server
 * that `baseUrl` names (use https://): answers are not signed, and the client does not pretend to check what it cannot.
 */
export const createClient = ({
  baseUrl,
  credentials = { kind: 'none' },
  ...patience
}: { readonly baseUrl: string; readonly credentials?: Credentials } & Partial<Patience>): Client => {
  const settings = { baseUrl, patience: { tries: 4, timeoutMs: 10_000, waitMsMax: 30_000, ...patience } };
  const refresh = async (refreshToken: string): Promise<Tokens> => {
    const received = await send({
      url: new URL('/v1/auth/refresh', baseUrl).href,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
      body: JSON.stringify({ refreshToken }),
      signal: undefined,
      repeatable: true,
      patience: settings.patience,
    });
    const { accessToken, refreshToken: next }: Tokens = JSON.parse(received.text);
    return { accessToken, refreshToken: next };
  };
  const authorization = authorizing(credentials, refresh);

  const call: Client['call'] = async (id, input, options = {}) => {
    // The same key when it is sent again with a new token.
    const key = options.idempotencyKey ?? crypto.randomUUID();
    const attempt = () => sendCall(settings, authorization, id, input, { ...options, idempotencyKey: key });
    const received = await attempt().catch(async (error: unknown) => {
      const isExpired = error instanceof LedgerProblem && error.code === 'TOKEN_EXPIRED';
      if (isExpired && (await authorization.renew())) return attempt();
      throw error;
    });
    const { status, headers, text } = received;
    return {
      status,
      data: text === '' ? undefined : JSON.parse(text),
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

type Settings = { readonly baseUrl: string; readonly patience: Patience };
type AnyInput = { readonly params?: object; readonly query?: object; readonly body?: unknown };

const sendCall = (
  { baseUrl, patience }: Settings,
  authorization: Authorizing,
  id: OperationId,
  { params = {}, query = {}, body }: AnyInput,
  { idempotencyKey, ifMatch, minPosition, signal }: CallOptions,
): Promise<Received> => {
  const { method, path, repeats } = operations[id];
  const url = new URL(fill(path, params), baseUrl);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const header = authorization.header();
  return send({
    url: url.href,
    method,
    headers: {
      Accept: 'application/json, application/problem+json',
      ...(header === null ? {} : { Authorization: header }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(repeats && idempotencyKey !== undefined ? { 'Idempotency-Key': idempotencyKey } : {}),
      ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
      ...(minPosition === undefined ? {} : { 'Ledger-Min-Position': minPosition }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    patience,
    // What takes no Idempotency-Key changes nothing.
    repeatable: true,
  });
};

const fill = (path: string, params: object): string => {
  const values = new Map(Object.entries(params));
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(values.get(name) ?? '')));
};

const queryOf = (input: object): object =>
  'query' in input && typeof input.query === 'object' ? (input.query ?? {}) : {};
