import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Caller } from '../application/caller.ts';
import type { PermissionName } from '../domain/permissions.ts';
import type { UserIdentity } from '../identity/authenticate-user.ts';
import { parseRequest, type RawRequest } from './http/parse-request.ts';
import { isProblem, type Problem, type ProblemCode } from './problems/problems.ts';
import type { CallLimits } from './rate-limit/call-limits.ts';

/** A successful answer. `position` is that of the command's last event. The answer waits for its projection. */
export type Reply = {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly position?: bigint;
};

/**
 * An answer of media type `type` that has no fixed end. `stream` is called once the headers are sent, and resolves at
 * the end of the answer. It writes no body when the response has ended already (HEAD). `close` is called at the end in
 * every case.
 */
export type Streamed = {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stream: (response: ServerResponse) => Promise<void>;
  readonly close: () => void;
};

/** A successful answer in another form than JSON, of media type `type`. */
export type FileReply = {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The answer of an operation. */
export type Answer = Reply | FileReply | Streamed | Problem;

/** The values of a request that a handler gets besides its parsed input. */
export type Call = {
  readonly requestId: string;
  readonly correlationId: string;
  readonly headers: IncomingHttpHeaders;
  /** The request before validation and defaults. */
  readonly sent: RawRequest;
  /** Returns the address of the client, behind the proxies of the operator. */
  readonly clientIp: () => string;
  /** Counts the request. A credential of an organization is already counted. */
  readonly limits: CallLimits;
  /** Returns a signal that aborts when the client has left or the server stops. Waits end by it. */
  readonly signal: () => AbortSignal;
  /**
   * The revision that If-Match requires of the stream, or null for any revision. `execute` gets it with the command.
   */
  readonly expectedRevision: bigint | null;
  /** Notes the organization for the log line of the request. */
  readonly actsFor: (organizationId: string) => void;
  /** Notes the user, API key or license that makes the request, by its id, for the log line of the request. */
  readonly actsAs: (principal: string) => void;
  /** Gives the turn of the request to others, before a wait for something else than work of this process. */
  readonly endTurn: () => void;
  /** Waits for another turn after `endTurn`. It refuses nothing: without a turn in time the request goes on. */
  readonly resumeTurn: () => Promise<void>;
  /**
   * Does `work` as soon as the read models contain this position of the log. The answer does not wait for it, but comes
   * after work that needs no waiting. Failures are logged.
   */
  readonly onceReadable: (position: bigint, work: () => unknown) => void;
};

/** A call of a credential of an organization that has the permission of the route. */
export type OrganizationCall = Call & { readonly caller: Caller };

/** A call of a signed-in user. */
export type UserCall = Call & { readonly user: UserIdentity };

/**
 * Who may call: a credential of an organization with a permission; the holder of the license key or such a credential;
 * a signed-in user of any organization; or anybody. `takesStrangers`: also a caller without a credential. The operation
 * decides what such a caller gets.
 */
export type Access =
  | { readonly kind: 'organization'; readonly permission: PermissionName; readonly takesStrangers?: true }
  | { readonly kind: 'license'; readonly permission: PermissionName }
  | { readonly kind: 'user' }
  | { readonly kind: 'anybody' };

/** The caller, as the access of the route demands. */
export type Called = { readonly caller: Caller | null; readonly user: UserIdentity | null };

/** One operation of the API. The router, the validation, the OpenAPI document and the tests read this object. */
export type Route = Described & {
  readonly access: Access;
  readonly request: RequestSchema;
  /** Validates the input and does the work. */
  readonly answer: (raw: RawRequest, call: Call, called: Called) => Promise<Answer>;
};

/** The schema of a request: strict objects for `params` and `query`, and for `body` where one is read. */
export type RequestSchema = z.ZodObject<{ params: z.ZodType; query: z.ZodType; body?: z.ZodType }>;

type Described = {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** The path with its parameters as `{name}`. */
  readonly path: `/${string}`;
  /** True when the last parameter of the path may contain slashes. */
  readonly isOpenPath?: boolean;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly replies: Readonly<Record<number, ReplyShape>>;
  /** The codes of refusals besides those that all operations of its kind have. */
  readonly rejections: readonly ProblemCode[];
  /**
   * `append` supports Idempotency-Key and answers with Ledger-Position. `change` supports Idempotency-Key and changes
   * something outside of events. `read` supports Ledger-Min-Position.
   */
  readonly effect: 'append' | 'change' | 'read' | 'none';
  /** The largest body that is read, in bytes, when it is another one than `bodyBytesMax` of http/body.ts. */
  readonly bodyBytesMax?: number;
  /** True for an operation with an ETag. A read supports If-None-Match, a command If-Match. */
  readonly conditional?: boolean;
  /**
   * Present for an operation that may take long. `LongWork` bounds it in number for each organization and in time.
   * `narrow` says what the caller can ask for less. `when` tells the requests that it applies to; absent: all.
   */
  readonly bounded?: { readonly narrow: string; readonly when?: (query: object) => boolean };
  /**
   * True for an operation that keeps the process busy for several milliseconds. Lists with a cursor do so without it.
   */
  readonly isHeavy?: boolean;
  /** True for an operation that machines call every few seconds. Its successes are not logged. */
  readonly isProbe?: boolean;
  /** True when anybody may call, and signed-in users may send an access token. */
  readonly takesAccessToken?: boolean;
};

/**
 * Without `body` the answer is a stream of `type`, or has no body. `file`: the media type of a `FileReply`, or of a
 * stream that ends. With `body` and `file` the answer is JSON only when Accept names it.
 */
export type ReplyShape = {
  readonly description: string;
  readonly body?: z.ZodType;
  readonly type?: string;
  readonly file?: string;
  /** The headers besides those of all such operations. */
  readonly headers?: readonly ReplyHeader[];
};

/** A header of a single answer. */
export type ReplyHeader = 'ETag' | 'Location';

type Definition<Schema extends RequestSchema, Handled> = Described & {
  readonly request: Schema;
  readonly handle: (input: z.output<Schema>, call: Handled) => Promise<Answer>;
};

/** The schema of absent `params` or `query`. It refuses every member. */
export const none = z.strictObject({});

/** Defines an operation for credentials of an organization with the permission. */
export const route = <Schema extends RequestSchema>(
  definition: Definition<Schema, OrganizationCall> & { readonly permission: PermissionName },
): Route => {
  const { handle, permission, ...described } = definition;
  return {
    ...described,
    access: { kind: 'organization', permission },
    answer: async (raw, call, { caller }) => {
      if (caller === null) throw new Error(`${described.operationId} was called without a caller.`);
      const input = parseRequest(described.request, raw);
      return isProblem(input) ? input : handle(input.parsed, { ...call, caller });
    },
  };
};

/**
 * Defines an operation for credentials of an organization with the permission, and for callers without a credential, who
 * have no `caller`.
 */
export const strangersRoute = <Schema extends RequestSchema>(
  definition: Definition<Schema, Call & { readonly caller: Caller | null }> & { readonly permission: PermissionName },
): Route => {
  const { handle, permission, ...described } = definition;
  return {
    ...described,
    access: { kind: 'organization', permission, takesStrangers: true },
    answer: async (raw, call, { caller }) => {
      const input = parseRequest(described.request, raw);
      return isProblem(input) ? input : handle(input.parsed, { ...call, caller });
    },
  };
};

/**
 * Defines an operation for the holder of the license key, or for credentials of an organization with the permission.
 */
export const clientRoute = <Schema extends RequestSchema>(
  definition: Definition<Schema, Call> & { readonly permission: PermissionName },
): Route => {
  const { permission, ...open } = definition;
  return { ...openRoute(open), access: { kind: 'license', permission } };
};

/** Defines an operation for signed-in users, also for those without an organization. */
export const userRoute = <Schema extends RequestSchema>(definition: Definition<Schema, UserCall>): Route => {
  const { handle, ...described } = definition;
  return {
    ...described,
    access: { kind: 'user' },
    answer: async (raw, call, { user }) => {
      if (user === null) throw new Error(`${described.operationId} was called without a user.`);
      const input = parseRequest(described.request, raw);
      return isProblem(input) ? input : handle(input.parsed, { ...call, user });
    },
  };
};

/** Defines an operation that anybody may call. */
export const publicRoute = <Schema extends RequestSchema>(definition: Definition<Schema, Call>): Route => ({
  ...openRoute(definition),
  access: { kind: 'anybody' },
});

const openRoute = <Schema extends RequestSchema>({ handle, ...described }: Definition<Schema, Call>) => ({
  ...described,
  answer: async (raw: RawRequest, call: Call): Promise<Answer> => {
    const input = parseRequest(described.request, raw);
    return isProblem(input) ? input : handle(input.parsed, call);
  },
});

/** Returns true for an operation that reads the read models. A client may ask it to wait for a position. */
export const readsModels = ({ effect, access }: Route): boolean => effect === 'read' || access.kind === 'license';

/** Returns true for a streamed answer. */
export const isStreamed = (answer: Reply | FileReply | Streamed): answer is Streamed => 'stream' in answer;

/** Returns true for an answer in another form than JSON. */
export const isFile = (answer: Reply | FileReply): answer is FileReply => 'bytes' in answer;
