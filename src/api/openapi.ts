import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { meanings, type ProblemCode } from './problems.ts';
import { type Access, type Route, readsModels } from './route.ts';

/** The OpenAPI 3.1 document of the routes. The same routes give the same document, to the byte. */
export const openApiDocument = (routes: readonly Route[], version: string) => {
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
  .strictObject({
    type: z.string().meta({ example: '/problems#activation-limit-exceeded' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Branch on code.' });

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
const positionHeader = z.string().meta({ description: 'Where the change is in the log.' });
const projectedHeader = z.string().optional().meta({ description: 'false: the change cannot be read yet.' });

const operationOf = (route: Route): ZodOpenApiOperationObject => {
  const { operationId, summary, description, tag, access, effect, request } = route;
  const { params, query, body } = request.shape;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    security: securityOf(access),
    ...(access.kind === 'anybody' ? {} : { 'x-scopes': access.kind === 'license' ? [access.scope] : access.scopes }),
    requestParams: {
      ...(params instanceof z.ZodObject ? { path: params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      header: z.object({
        'X-Request-Id': requestIdHeader,
        ...(effect === 'append' ? { 'Idempotency-Key': idempotencyKeyHeader, Prefer: preferHeader } : {}),
        ...(readsModels(route) ? { 'Ledger-Min-Position': minPositionHeader } : {}),
      }),
    },
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...repliesOf(route), ...refusalsOf(codesOf(route)) },
  };
};

const securityOf = (access: Access) => {
  switch (access.kind) {
    case 'organization':
      return [{ apiKey: [] }];
    case 'license':
      return [{ licenseKey: [] }, { apiKey: [] }, {}];
    case 'anybody':
      return [];
  }
};

const repliesOf = ({ replies, effect }: Route) =>
  Object.fromEntries(
    Object.entries(replies).map(([status, { description, body }]) => [
      status,
      {
        description,
        content: { 'application/json': { schema: body } },
        ...(effect === 'append'
          ? { headers: z.object({ 'Ledger-Position': positionHeader, 'Ledger-Projected': projectedHeader }) }
          : {}),
      },
    ]),
  );

/** All codes an operation may be refused with: its own and those of its kind. */
const codesOf = (route: Route): readonly ProblemCode[] => [
  'INVALID_REQUEST',
  ...(route.access.kind === 'anybody' ? [] : (['UNAUTHENTICATED', 'FORBIDDEN'] as const)),
  ...(route.method === 'post' ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
  ...(route.effect === 'append' ? (['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
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
      },
    ]),
  );
};
