import type { Route } from '../../src/api/route.ts';

/**
 * What is wrong with a successful answer, held against what its route declares; null when nothing is. `body`: its JSON, where
 * it has one. Of a path that is no route's nothing is known.
 */
export const undeclared = (
  routes: readonly Route[],
  { method, path, status, body }: { method: string; path: string; status: number; body: unknown },
): string | null => {
  const [pathname = ''] = path.split('?');
  const route = routes.find((each) => each.method === method.toLowerCase() && patternOf(each.path).test(pathname));
  if (route === undefined || status >= 300) return null;
  const reply = route.replies[status];
  if (reply === undefined) return `${route.operationId} declares no answer ${status}.`;
  const error = reply.body?.safeParse(body).error;
  return error === undefined
    ? null
    : `${route.operationId} answers ${status} otherwise than declared: ${error.message}`;
};

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
