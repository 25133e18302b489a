import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Scope } from '../domain/organization/events.ts';
import type { ApiKeyIdentity } from '../identity/authenticate.ts';
import { parseRequest, type RawRequest } from './parse-request.ts';
import { isProblem, type Problem, type ProblemCode } from './problems.ts';

/** A successful answer. `position`: where the command's last event is in the log; the answer waits for its projection. */
export type Reply = {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly position?: bigint;
};

/** What a handler knows of the request beyond its parsed input. */
export type Call = {
  readonly requestId: string;
  readonly correlationId: string;
  readonly headers: IncomingHttpHeaders;
  /** Notes for the request's log line whose organization's rows it works on. */
  readonly actsFor: (organizationId: string) => void;
};

/** A call of an organization's credential, which holds a scope that the route asks for. */
export type OrganizationCall = Call & { readonly caller: ApiKeyIdentity };

/** Who may call: an organization's credential with one of the scopes, whoever has the license key (or such a credential), anybody. */
export type Access =
  | { readonly kind: 'organization'; readonly scopes: readonly [Scope, ...Scope[]] }
  | { readonly kind: 'license'; readonly scope: Scope }
  | { readonly kind: 'anybody' };

/** One operation of the API. The router, the validation, the OpenAPI document and the tests all read this object. */
export type Route = Described & {
  readonly access: Access;
  readonly request: RequestSchema;
  /** Validates the input and does the work. `caller` must be given where the access is an organization's. */
  readonly answer: (raw: RawRequest, call: Call, caller: ApiKeyIdentity | null) => Promise<Reply | Problem>;
};

/** The schema of a request: strict objects for `params` and `query`, and for `body` where one is read. */
export type RequestSchema = z.ZodObject<{ params: z.ZodType; query: z.ZodType; body?: z.ZodType }>;

type Described = {
  readonly method: 'get' | 'post';
  /** With parameters as `{name}`. */
  readonly path: `/${string}`;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly replies: Readonly<Record<number, { readonly description: string; readonly body: z.ZodType }>>;
  /** Every code this operation may be refused with, beside those that all operations have. */
  readonly rejections: readonly ProblemCode[];
  /** `append`: takes Idempotency-Key and answers with Ledger-Position. `read`: takes Ledger-Min-Position. */
  readonly effect: 'append' | 'read' | 'none';
  /** True for what is asked every few seconds by machines: successes are not logged. */
  readonly isProbe?: boolean;
};

type Definition<Schema extends RequestSchema, Handled> = Described & {
  readonly request: Schema;
  readonly handle: (input: z.output<Schema>, call: Handled) => Promise<Reply | Problem>;
};

/** For `params` or `query` of an operation that has none: anything given is refused. */
export const none = z.strictObject({});

/** Defines an operation of an organization's credential that holds one of `scopes`. */
export const route = <Schema extends RequestSchema>(
  definition: Definition<Schema, OrganizationCall> & { readonly scopes: readonly [Scope, ...Scope[]] },
): Route => {
  const { handle, scopes, ...described } = definition;
  return {
    ...described,
    access: { kind: 'organization', scopes },
    answer: async (raw, call, caller) => {
      if (caller === null) throw new Error(`${described.operationId} was called without a caller.`);
      const input = parseRequest(described.request, raw);
      return isProblem(input) ? input : handle(input.parsed, { ...call, caller });
    },
  };
};

/** Defines an operation of whoever has the license's key, or of an organization's credential that holds `scope`. */
export const clientRoute = <Schema extends RequestSchema>(
  definition: Definition<Schema, Call> & { readonly scope: Scope },
): Route => {
  const { scope, ...open } = definition;
  return { ...openRoute(open), access: { kind: 'license', scope } };
};

/** Defines an operation that anybody may call. */
export const publicRoute = <Schema extends RequestSchema>(definition: Definition<Schema, Call>): Route => ({
  ...openRoute(definition),
  access: { kind: 'anybody' },
});

const openRoute = <Schema extends RequestSchema>({ handle, ...described }: Definition<Schema, Call>) => ({
  ...described,
  answer: async (raw: RawRequest, call: Call): Promise<Reply | Problem> => {
    const input = parseRequest(described.request, raw);
    return isProblem(input) ? input : handle(input.parsed, call);
  },
});

/** True for an operation that looks into the read models, which may be behind: a client may ask it to wait for a position. */
export const readsModels = ({ effect, access }: Route): boolean => effect === 'read' || access.kind === 'license';
