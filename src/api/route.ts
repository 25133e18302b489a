import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Caller } from '../application/caller.ts';
import type { UserIdentity } from '../identity/authenticate-user.ts';
import { parseRequest, type RawRequest } from './http/parse-request.ts';
import type { PermissionName } from './permissions.ts';
import { isProblem, type Problem, type ProblemCode } from './problems/problems.ts';
import type { CallLimits } from './rate-limit/call-limits.ts';

/**
 * A successful answer. `position`: where the command's last event is in the log; the answer waits for its projection.
 */
export type Reply = {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly position?: bigint;
};

/**
 * An answer of media type `type` that goes on for as long as there is something to say: `stream` is called in any case,
 * writes the body, unless the response has ended because nobody asked for one (HEAD), and resolves at its end.
 */
export type Streamed = { readonly type: string; readonly stream: (response: ServerResponse) => Promise<void> };

/** What an operation answers with. */
export type Answer = Reply | Streamed | Problem;

/** What a handler knows of the request beyond its parsed input. */
export type Call = {
  readonly requestId: string;
  readonly correlationId: string;
  readonly headers: IncomingHttpHeaders;
  /** What came in, before it is validated and gets its defaults. */
  readonly sent: RawRequest;
  /** The address of the client, as far as the proxies in front are ours. */
  readonly clientIp: () => string;
  /** Counts the request; an organization's credential is counted already. */
  readonly limits: CallLimits;
  /** Made when asked for: aborted when the client has gone or the server is to stop, so that what waits ends. */
  readonly signal: () => AbortSignal;
  /**
   * The revision that the client asks the stream to be at (If-Match); null: any. Given to `execute` with the command.
   */
  readonly expectedRevision: bigint | null;
  /** Notes for the request's log line whose organization's rows it works on. */
  readonly actsFor: (organizationId: string) => void;
  /**
   * Does `work` as soon as the read models contain this position of the log, which the answer does not wait for; an
   * answer that waits by itself comes after work that needs no waiting. What fails is logged.
   */
  readonly onceReadable: (position: bigint, work: () => unknown) => void;
};

/** A call of an organization's credential that has the route's permission on one side at least. */
export type OrganizationCall = Call & { readonly caller: Caller };

/** A call of a signed-in user. */
export type UserCall = Call & { readonly user: UserIdentity };

/**
 * Who may call: an organization's credential with a permission; whoever has the license key, or such a credential; a
 * signed-in user, of whichever organization; anybody.
 */
export type Access =
  | { readonly kind: 'organization'; readonly permission: PermissionName }
  | { readonly kind: 'license'; readonly permission: PermissionName }
  | { readonly kind: 'user' }
  | { readonly kind: 'anybody' };

/** Who has called, as the route's access asks for it. */
export type Called = { readonly caller: Caller | null; readonly user: UserIdentity | null };

/** One operation of the API. The router, the validation, the OpenAPI document and the tests all read this object. */
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
  /** With parameters as `{name}`. */
  readonly path: `/${string}`;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly replies: Readonly<Record<number, ReplyShape>>;
  /** Every code this operation may be refused with, beside those that all operations of its kind have. */
  readonly rejections: readonly ProblemCode[];
  /**
   * `append`: takes Idempotency-Key and answers with Ledger-Position. `change`: takes Idempotency-Key, and changes what
   * is no event. `read`: takes Ledger-Min-Position.
   */
  readonly effect: 'append' | 'change' | 'read' | 'none';
  /** Answers with an ETag; a read takes If-None-Match, a command If-Match. */
  readonly conditional?: boolean;
  /** True for what is asked every few seconds by machines: successes are not logged. */
  readonly isProbe?: boolean;
  /** Anybody may call, and who is signed in may say so with an access token. */
  readonly takesAccessToken?: boolean;
};

/** `body` undefined: the answer is a stream of `type`, or has none. */
export type ReplyShape = {
  readonly description: string;
  readonly body?: z.ZodType;
  readonly type?: string;
  /** What it says beside what all answers of such operations do. */
  readonly headers?: readonly ReplyHeader[];
};

/** A header of a single answer. */
export type ReplyHeader = 'ETag' | 'Location';

type Definition<Schema extends RequestSchema, Handled> = Described & {
  readonly request: Schema;
  readonly handle: (input: z.output<Schema>, call: Handled) => Promise<Answer>;
};

/** For `params` or `query` of an operation that has none: anything given is refused. */
export const none = z.strictObject({});

/** Defines an operation of an organization's credential that has the permission. */
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
 * Defines an operation of whoever has the license's key, or of an organization's credential that has the permission.
 */
export const clientRoute = <Schema extends RequestSchema>(
  definition: Definition<Schema, Call> & { readonly permission: PermissionName },
): Route => {
  const { permission, ...open } = definition;
  return { ...openRoute(open), access: { kind: 'license', permission } };
};

/** Defines an operation of a signed-in user, a member of an organization or not. */
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

/**
 * True for an operation that looks into the read models, which may be behind: a client may ask it to wait for a
 * position.
 */
export const readsModels = ({ effect, access }: Route): boolean => effect === 'read' || access.kind === 'license';

/** True for what `stream` answers. */
export const isStreamed = (answer: Reply | Streamed): answer is Streamed => 'stream' in answer;
