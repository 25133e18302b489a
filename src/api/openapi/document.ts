import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { Permission } from '../../domain/authority.ts';
import { permissions } from '../../domain/permissions.ts';
import type { Route } from '../route.ts';
import { replyHeadersOf, requestHeadersOf } from './documented-headers.ts';
import { createRefusals } from './documented-refusals.ts';
import { tags } from './tags.ts';

const json = 'application/json';

/** Returns the OpenAPI 3.1 document of the routes. The same routes return the same document, to the byte. */
export const openApiDocument = (routes: readonly Route[], version: string): ReturnType<typeof createDocument> => {
  const paths: ZodOpenApiPathsObject = {};
  const refusalsOf = createRefusals();
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, refusalsOf(route)) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'License Ledger',
      version,
      description: 'A license server with an event log as its system of record.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tags.map((tag) => ({ ...tag })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of an organization, such as lgr_live_….' },
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token of a signed-in user. Get one with POST /v1/auth/login.',
        },
        licenseKey: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'The key of a license, as in License LL-…. The key can stand in the body as licenseKey instead.',
        },
      },
    },
  });
};

/** Returns the document as the text of openapi.json. */
export const openApiText = (routes: readonly Route[], version: string): string =>
  `${JSON.stringify(openApiDocument(routes, version), null, 2)}\n`;

const operationOf = (route: Route, refusals: ZodOpenApiResponsesObject): ZodOpenApiOperationObject => {
  const { operationId, summary, description, tag, access, request } = route;
  const { params, query, body } = request.shape;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    security: securityOf(route),
    ...('permission' in access ? permissionOf(access.permission) : {}),
    requestParams: {
      ...(params instanceof z.ZodObject ? { path: params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      header: requestHeadersOf(route),
    },
    ...(body === undefined
      ? {}
      : {
          // An absent body counts as an empty object.
          requestBody: { required: !body.safeParse({}).success, content: { [json]: { schema: body } } },
        }),
    responses: { ...repliesOf(route), ...refusals },
  };
};

// Describes who may call. OpenAPI cannot express roles, or scopes of a bearer token that is not an OAuth 2 token.
const permissionOf = (name: keyof typeof permissions) => {
  const { own, holder }: Permission = permissions[name];
  return { 'x-permission': { own, ...(holder === null ? {} : { held: holder }) } };
};

const securityOf = ({ access, takesAccessToken }: Route) => {
  switch (access.kind) {
    case 'organization': {
      const { own, holder }: Permission = permissions[access.permission];
      const takesApiKeys = own.scopes.length > 0 || (holder !== null && holder.scopes.length > 0);
      const strangers = access.takesStrangers === true ? [{}] : [];
      return [...(takesApiKeys ? [{ apiKey: [] }] : []), { accessToken: [] }, ...strangers];
    }
    case 'license':
      return [{ licenseKey: [] }, { apiKey: [] }, { accessToken: [] }, {}];
    case 'user':
      return [{ accessToken: [] }];
    case 'anybody':
      return takesAccessToken === true ? [{}, { accessToken: [] }] : [];
  }
};

const repliesOf = (route: Route) => {
  const described: Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> = {};
  for (const [status, { description, body, type, file }] of Object.entries(route.replies)) {
    const forms = {
      ...(body === undefined ? {} : { [json]: { schema: body } }),
      ...(type === undefined ? {} : { [type]: { schema: z.string() } }),
      ...(file === undefined ? {} : { [file]: { schema: z.string() } }),
    };
    const content = Object.keys(forms).length === 0 ? {} : { content: forms };
    const headers = replyHeadersOf(route, Number(status));
    described[`${Number(status)}` as `2${string}`] = { description, ...content, headers };
  }
  if (route.conditional === true && route.method === 'get')
    described['304'] = {
      description: 'Nothing has changed since the ETag in If-None-Match.',
      headers: replyHeadersOf(route, 304),
    };
  return described;
};
