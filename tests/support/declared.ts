import { refusalHeadersOf, replyHeadersOf } from '../../src/api/openapi/documented-headers.ts';
import type { Route } from '../../src/api/route.ts';

type Shown = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Its JSON, where it has one. */
  readonly body: unknown;
  /** Null: they are not looked at. */
  readonly headers?: Headers | null;
};

/**
 * What is wrong with an answer, held against what its route declares; null when nothing is. Of a refusal only the headers are
 * looked at. Of a path that is no route's nothing is known.
 */
export const undeclared = (
  routes: readonly Route[],
  { method, path, status, body, headers = null }: Shown,
): string | null => {
  const [pathname = ''] = path.split('?');
  const route = routes.find((each) => each.method === method.toLowerCase() && patternOf(each).test(pathname));
  if (route === undefined) return null;
  const wrongHeaders = headers === null ? null : undeclaredHeaders(route, status, headers);
  if (wrongHeaders !== null || status >= 300) return wrongHeaders;
  const reply = route.replies[status];
  if (reply === undefined) return `${route.operationId} declares no answer ${status}.`;
  if (reply.file !== undefined && headers?.get('content-type') === reply.file) return null;
  const error = reply.body?.safeParse(body).error;
  return error === undefined
    ? null
    : `${route.operationId} answers ${status} otherwise than declared: ${error.message}`;
};

const undeclaredHeaders = (route: Route, status: number, headers: Headers): string | null => {
  // An answer of the kind that every route may give.
  if (status >= 500 && status !== 503) return null;
  const declared = (status < 400 ? replyHeadersOf(route, status) : refusalHeadersOf(route, status)).shape;
  const names = new Map(Object.entries(declared).map(([name, schema]) => [name.toLowerCase(), schema]));
  const beyond = ours.filter((name) => headers.has(name) && !names.has(name));
  const missing = [...names].filter(([name, schema]) => !headers.has(name) && !schema.safeParse(undefined).success);
  return beyond.length + missing.length === 0
    ? null
    : `${route.operationId} ${status}: not declared: ${beyond}; not sent: ${missing.map(([name]) => name)}`;
};

// What answers are about, not how they travel. Limits are declared of successes only.
const ours = [
  ...['etag', 'location', 'link', 'ledger-position', 'ledger-projected', 'preference-applied', 'retry-after'],
  ...['idempotent-replayed', 'www-authenticate', 'x-request-id'],
];

const patterns = new Map<string, RegExp>();

/** Returns the pattern of the paths of a route. Each is compiled once: every answer is compared with all routes. */
const patternOf = ({ path, isOpenPath = false }: Route): RegExp => {
  const known = patterns.get(path);
  if (known !== undefined) return known;
  const open = isOpenPath ? path.replace(/\{\w+\}$/, '.+') : path.replaceAll('.', '\\.');
  const pattern = new RegExp(`^${open.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
  patterns.set(path, pattern);
  return pattern;
};
