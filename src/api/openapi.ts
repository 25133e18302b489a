import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { type Permission, permissions } from './permissions.ts';
import { meanings, type ProblemCode } from './problems.ts';
import { type Access, type Route, readsModels } from './route.ts';

/** The OpenAPI 3.1 document of the routes. The same routes give the same document, to the byte. */
export const openApiDocument = (routes: readonly Route[], version: string): ReturnType<typeof createDocument> => {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'License Ledger',
      version,
      description: 'License server whose system of record is an event log.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of an organization: lgr_live_…' },
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token of a signed-in user: POST /v1/auth/login.',
        },
        licenseKey: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'License LL-…; the key may stand in the body as licenseKey instead.',
        },
      },
    },
  });
};

/** The document as the file openapi.json holds it. */
export const openApiText = (routes: readonly Route[], version: string): string =>
  `${JSON.stringify(openApiDocument(routes, version), null, 2)}\n`;

const problemSchema = z
  .looseObject({
    type: z.string().meta({ example: '/problems#activation-limit-exceeded' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Branch on code; some codes have further members.' });

const requestIdHeader = z.string().optional().meta({ description: 'Names the request in the answer and in the log.' });
const idempotencyKeyHeader = z
  .string()
  .max(255)
  .optional()
  .meta({ description: 'Repeating a request with the same key answers as the first time, without doing it again.' });
const preferHeader = z
  .string()
  .optional()
  .meta({ description: 'respond-async: do not wait until the change is readable.' });
const minPositionHeader = z
  .string()
  .optional()
  .meta({ description: 'Ledger-Position of an earlier answer: this read waits until it contains it.' });
const ifMatchHeader = z
  .string()
  .optional()
  .meta({ description: 'ETag of an earlier answer: refused with 412 when it has changed since.' });
const ifNoneMatchHeader = z
  .string()
  .optional()
  .meta({ description: 'ETag of an earlier answer: 304 without a body when nothing has changed since.' });
const etagHeader = z.string().meta({ description: 'The version of what is answered.' });
const positionHeader = z.string().meta({ description: 'Where the change is in the log.' });
const projectedHeader = z.string().optional().meta({ description: 'false: the change cannot be read yet.' });

const limitHeaders = z.object({
  'RateLimit-Policy': z
    .string()
    .meta({ description: 'Every limit that applies: its name, quota and window in seconds.' }),
  RateLimit: z.string().meta({ description: 'What is left of each, and in how many seconds there is more.' }),
  'Retry-After': z.string().meta({ description: 'Seconds.' }),
});

const operationOf = (route: Route): ZodOpenApiOperationObject => {
  const { operationId, summary, description, tag, access, effect, request } = route;
  const { params, query, body } = request.shape;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    security: securityOf(access),
    ...('permission' in access ? permissionOf(access.permission) : {}),
    requestParams: {
      ...(params instanceof z.ZodObject ? { path: params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      header: z.object({
        'X-Request-Id': requestIdHeader,
        ...(changes(route) ? { 'Idempotency-Key': idempotencyKeyHeader } : {}),
        ...(effect === 'append' ? { Prefer: preferHeader } : {}),
        ...(route.conditional === true ? conditionHeader(route) : {}),
        ...(readsModels(route) ? { 'Ledger-Min-Position': minPositionHeader } : {}),
      }),
    },
    ...(body === undefined
      ? {}
      : {
          // None counts as an empty object.
          requestBody: { required: !body.safeParse({}).success, content: { 'application/json': { schema: body } } },
        }),
    responses: { ...repliesOf(route), ...refusalsOf(codesOf(route)) },
  };
};

/** True for an operation that takes Idempotency-Key. */
const changes = ({ effect }: Route): boolean => effect === 'append' || effect === 'change';

const conditionHeader = ({ method }: Route) =>
  method === 'get' ? { 'If-None-Match': ifNoneMatchHeader } : { 'If-Match': ifMatchHeader };

// Who may call, for people: OpenAPI has no word for roles, nor for scopes of a bearer token that is no OAuth 2 one.
const permissionOf = (name: keyof typeof permissions) => {
  const { own, held }: Permission = permissions[name];
  return { 'x-permission': { own, ...(held === null ? {} : { held }) } };
};

const securityOf = (access: Access) => {
  switch (access.kind) {
    case 'organization': {
      const { own, held }: Permission = permissions[access.permission];
      const takesApiKeys = own.scopes.length > 0 || (held !== null && held.scopes.length > 0);
      return takesApiKeys ? [{ apiKey: [] }, { accessToken: [] }] : [{ accessToken: [] }];
    }
    case 'license':
      return [{ licenseKey: [] }, { apiKey: [] }, { accessToken: [] }, {}];
    case 'user':
      return [{ accessToken: [] }];
    case 'anybody':
      return [];
  }
};

const repliesOf = (route: Route) => {
  const described: Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> = {};
  for (const [status, { description, body, type = 'application/json' }] of Object.entries(route.replies)) {
    const headers = replyHeaders(route);
    described[`${Number(status)}` as `2${string}`] = {
      description,
      ...(body === undefined ? {} : { content: { [type]: { schema: body } } }),
      ...(headers === null ? {} : { headers }),
    };
  }
  if (route.conditional === true && route.method === 'get') described['304'] = { description: 'Not modified.' };
  return described;
};

const replyHeaders = ({ effect, conditional }: Route) => {
  const headers = {
    ...(effect === 'append' ? { 'Ledger-Position': positionHeader, 'Ledger-Projected': projectedHeader } : {}),
    ...(conditional === true ? { ETag: etagHeader } : {}),
  };
  return Object.keys(headers).length === 0 ? null : z.object(headers);
};

/** All codes an operation may be refused with: its own and those of its kind. */
const codesOf = (route: Route): readonly ProblemCode[] => [
  'INVALID_REQUEST',
  ...(route.access.kind === 'anybody'
    ? []
    : (['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN', 'RATE_LIMITED'] as const)),
  ...(route.request.shape.body === undefined ? [] : (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)),
  ...(changes(route) ? (['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
  ...(route.effect === 'append' ? (['CONCURRENT_MODIFICATION'] as const) : []),
  ...(route.conditional === true && route.method !== 'get' ? (['REVISION_MISMATCH'] as const) : []),
  ...(readsModels(route) ? (['NOT_PROJECTED_YET'] as const) : []),
  ...route.rejections,
  'INTERNAL',
  'UNAVAILABLE',
];

const refusalsOf = (codes: readonly ProblemCode[]) => {
  const byStatus = new Map<string, Set<ProblemCode>>();
  for (const code of codes) {
    const status = String(meanings[code].status);
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, here]) => [
      status,
      {
        description: [...here].sort().join(', '),
        content: { 'application/problem+json': { schema: problemSchema } },
        ...(status === '429' ? { headers: limitHeaders } : {}),
      },
    ]),
  );
};
