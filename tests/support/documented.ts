import type { createDocument } from 'zod-openapi';
import type { Route } from '../../src/api/route.ts';

type Response = {
  readonly description?: string;
  readonly headers?: object;
  readonly content?: object;
};

const place = '#/components/responses/';

/** Returns the responses of an operation by status, each in full where the document refers to a shared one. */
export const documentedResponses = (
  { paths = {}, components }: ReturnType<typeof createDocument>,
  { path, method }: Pick<Route, 'path' | 'method'>,
): Readonly<Record<string, Response>> => {
  const responses = Object.entries<Response & { readonly $ref?: string }>(paths[path]?.[method]?.responses ?? {});
  return Object.fromEntries(
    responses.map(([status, response]) => [
      status,
      response.$ref === undefined ? response : (components?.responses?.[response.$ref.slice(place.length)] ?? {}),
    ]),
  );
};
