import { STATUS_CODES } from 'node:http';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { meanings, type ProblemCode } from '../problems/problems.ts';
import type { Route } from '../route.ts';
import { refusalHeadersOf, takesIdempotencyKey } from './documented-headers.ts';
import { problemSchema } from './problem-schema.ts';

/**
 * Returns a function that returns the refusals of an operation by status. Equal refusals are the same object, which the
 * document has once, in its components.
 */
export const createRefusals = (): ((route: Route) => Record<string, ZodOpenApiResponseObject>) => {
  const shared = new Map<string, ZodOpenApiResponseObject>();
  const refusalOf = (route: Route, status: number, codes: readonly ProblemCode[]): ZodOpenApiResponseObject => {
    const key = `${codes}|${takesIdempotencyKey(route)}`;
    const refusal = shared.get(key) ?? {
      id: nameOf(route, status, codes),
      description: codes.join(', '),
      content: { 'application/problem+json': { schema: problemSchema } },
      headers: refusalHeadersOf(route, status),
    };
    shared.set(key, refusal);
    return refusal;
  };
  return (route) => {
    const statuses = codesByStatus(route);
    return Object.fromEntries(
      [...statuses].map(([status, codes]) => [String(status), refusalOf(route, status, [...codes].sort())]),
    );
  };
};

/**
 * Returns the name of a refusal in the components: its codes when they are few, else its status and its first
 * operation. The headers differ only by the support of Idempotency-Key.
 */
const nameOf = (route: Route, status: number, codes: readonly ProblemCode[]): string => {
  const named =
    codes.length <= namedCodesMax
      ? codes.map(pascalCase).join('Or')
      : `${pascalCase(STATUS_CODES[status] ?? `Status ${status}`)}Of${pascalCase(route.operationId)}`;
  return takesIdempotencyKey(route) ? `${named}Repeatable` : named;
};

const namedCodesMax = 2;

/** Returns `LICENSE_NOT_FOUND`, `Bad Request` and `issueLicense` as LicenseNotFound, BadRequest and IssueLicense. */
const pascalCase = (name: string): string =>
  name
    .split(/[ _-]/)
    .map(
      (word) =>
        `${word.charAt(0).toUpperCase()}${word === word.toUpperCase() ? word.slice(1).toLowerCase() : word.slice(1)}`,
    )
    .join('');

const codesByStatus = (route: Route): ReadonlyMap<number, ReadonlySet<ProblemCode>> => {
  const byStatus = new Map<number, Set<ProblemCode>>();
  for (const code of codesOf(route)) {
    const { status } = meanings[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return byStatus;
};

/** Returns all codes that an operation may be refused with: its own and those of its kind. */
const codesOf = (route: Route): readonly ProblemCode[] => [
  'INVALID_REQUEST',
  ...(route.access.kind === 'anybody' ? [] : (['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN'] as const)),
  // Every tenant has a share of the process.
  ...(route.isProbe === true ? [] : (['RATE_LIMITED'] as const)),
  ...(route.request.shape.body === undefined ? [] : (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)),
  ...(takesIdempotencyKey(route) ? (['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
  ...(route.effect === 'append' ? (['CONCURRENT_MODIFICATION', 'BODY_TOO_LARGE'] as const) : []),
  ...(route.conditional === true && route.method !== 'get' ? (['REVISION_MISMATCH'] as const) : []),
  // Commands get it too: they read the rights of a credential and personal values from the read models.
  ...(route.isProbe === true ? [] : (['NOT_PROJECTED_YET'] as const)),
  ...route.rejections,
  'INTERNAL',
  'UNAVAILABLE',
];
