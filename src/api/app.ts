import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { type Authenticate, authorize, authorizeUser } from './authorize.ts';
import { expectedRevisionIn, isUnmodified } from './conditional.ts';
import type { Front } from './front.ts';
import { readJsonBody } from './http/body.ts';
import { clientIp } from './http/client-ip.ts';
import { createCors } from './http/cors.ts';
import { createEndings } from './http/endings.ts';
import { refuseNoRequest } from './http/no-request.ts';
import { awaitMinPosition, onceReadable, positionHeaders, type WaitUntilProjected } from './http/position.ts';
import { type RequestIds, requestIdsOf } from './http/request-id.ts';
import { createRespond, type Respond } from './http/respond.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createExpressServer, type Patience } from './http/server.ts';
import type { RequestLog } from './monitoring/logging.ts';
import type { Metrics } from './monitoring/metrics.ts';
import { permissions } from './permissions.ts';
import { problemOfFailure } from './problems/failure.ts';
import { internalProblem, isProblem, type Problem, problem, statusOf } from './problems/problems.ts';
import { createCallLimits } from './rate-limit/call-limits.ts';
import { type Answer, type Call, type Called, isStreamed, type Reply, type Route, readsModels } from './route.ts';

export type AppNeeds = {
  readonly authenticate: Authenticate;
  readonly waitUntilProjected: WaitUntilProjected;
  readonly log: Pick<RequestLog, 'answered' | 'failed'>;
  readonly metrics: Metrics;
  readonly front: Front;
  /** Aborted when the server is to stop: what waits or streams ends then. */
  readonly stopping: AbortSignal;
  /** Shorter in tests. */
  readonly patience?: Patience;
};

/** Serves what is no operation: an answer to GET at a path. */
export type ServeFile = (path: string, answer: (response: ServerResponse) => unknown) => void;

/**
 * Serves the routes; `extend` adds what stands beside them. The server is not listening yet. Throws for a faulty route.
 */
export const createApp = (
  needs: AppNeeds,
  routes: readonly Route[],
  extend: (serve: ServeFile, respond: Respond) => void = () => undefined,
): Server => {
  const { app, server } = createExpressServer(needs.patience);
  const running = { ...needs, endingOf: createEndings(needs.stopping) };
  const sharedHeaders = securityHeaders();
  const respond = createRespond(sharedHeaders);
  server.on('clientError', (error, socket) => {
    const refused = refuseNoRequest(error, socket, sharedHeaders);
    if (refused !== null)
      report(needs, refused.status, { requestId: refused.requestId, correlationId: refused.requestId });
  });
  const cors = createCors(needs.front.corsOrigins);
  if (cors !== null) {
    app.use((request, response, next) => {
      if (cors(request, response)) needs.metrics.answered('preflight', response.statusCode, 0);
      else next();
    });
  }
  const allow = (path: string, allowed: string) => {
    app.all(expressPath(path), (request, response) => {
      const detail = `${path} takes ${allowed}, not ${request.method}.`;
      const headers = { Allow: allowed };
      refuse(needs, respond, request, response, { ...problem('METHOD_NOT_ALLOWED', detail), headers });
    });
  };
  for (const [path, routesHere] of routesByPath(routes)) {
    for (const route of routesHere) {
      app[route.method](expressPath(path), (request, response) => {
        void answer(running, respond, route, request, response);
      });
    }
    allow(path, routesHere.map(({ method }) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', '));
  }
  extend((path, answerFile) => {
    app.get(path, (_request, response) => answerFile(response));
    allow(path, 'GET, HEAD');
  }, respond);
  app.use((request, response) => {
    refuse(needs, respond, request, response, problem('NOT_FOUND', 'There is nothing at this path.'));
  });
  // Four parameters make Express call it with errors: of its own router, for a path that cannot be decoded.
  app.use((error: unknown, request: Request, response: ServerResponse, _next: () => void) => {
    const isTheirs = error instanceof URIError;
    if (!isTheirs) needs.log.failed(error, requestIdsOf(request.headers), 'router');
    refuse(needs, respond, request, response, isTheirs ? badPath : internalProblem);
  });
  return server;
};

// Going on would break the promise that the header asks for.
const unchecked = problem('INVALID_REQUEST', 'If-Match is not supported by this operation; leave it out.');
const badPath = problem('INVALID_REQUEST', 'The path is not a valid URL.');

/** What all requests share. */
type Running = AppNeeds & { readonly endingOf: (response: ServerResponse) => AbortSignal };

const answer = async (
  needs: Running,
  respond: Respond,
  route: Route,
  request: Request,
  response: ServerResponse,
): Promise<void> => {
  const startedMs = performance.now();
  const ids = requestIdsOf(request.headers);
  const address = () => clientIp(request, needs.front.trustProxy);
  const limits = createCallLimits(needs.front.rateLimiting, address);
  const headersNow = () => ({ 'X-Request-Id': ids.requestId, ...limits.headers() });
  let tenant: string | null = null;
  const call: Call = {
    requestId: ids.requestId,
    correlationId: ids.correlationId,
    headers: request.headers,
    sent: { params: request.params, query: request.query, body: undefined },
    clientIp: address,
    limits,
    signal: () => needs.endingOf(response),
    expectedRevision: null,
    actsFor: (organizationId) => {
      tenant = organizationId;
    },
    onceReadable: (position, work) => {
      onceReadable(needs.waitUntilProjected, position, work).catch((error: unknown) =>
        needs.log.failed(error, ids, route.operationId),
      );
    },
  };
  let status: number;
  try {
    const answered = await carryOut(needs, route, request, call);
    if (isProblem(answered)) {
      status = statusOf(answered);
      respond.problem(response, answered, headersNow());
    } else if (isStreamed(answered)) {
      status = 200;
      respond.begin(response, answered.type, headersNow());
      if (request.method === 'HEAD') response.end();
      await answered.stream(response);
      response.end();
    } else {
      const place = await placeHeaders(needs, answered, request);
      const all = { ...headersNow(), ...place, ...answered.headers };
      const tag = answered.headers?.ETag;
      if (route.method === 'get' && tag !== undefined && isUnmodified(request.headers, tag)) {
        status = 304;
        respond.empty(response, status, all);
      } else {
        status = answered.status;
        if (status === 204) respond.empty(response, status, all);
        else respond.json(response, status, JSON.stringify(answered.body), all);
      }
    }
  } catch (error) {
    const refusal = problemOfFailure(error);
    status = statusOf(refusal);
    needs.log.failed(error, ids, route.operationId);
    // Of a stream that has begun the client learns by its end that something failed.
    if (response.headersSent) response.destroy();
    else respond.problem(response, refusal, headersNow());
  }
  const milliseconds = performance.now() - startedMs;
  needs.metrics.answered(route.operationId, status, milliseconds);
  if (route.isProbe === true && status < 400) return;
  needs.log.answered({ tenant, route: route.operationId, status, milliseconds, ...ids });
};

const carryOut = async (needs: AppNeeds, route: Route, request: Request, call: Call): Promise<Answer> => {
  const called = await authorizeFor(needs.authenticate, route, call);
  if (isProblem(called)) return called;
  let expectedRevision: Call['expectedRevision'] = null;
  if (route.method !== 'get' && request.headers['if-match'] !== undefined) {
    if (route.conditional !== true) return unchecked;
    const wanted = expectedRevisionIn(request.headers);
    if (typeof wanted === 'object' && wanted !== null) return wanted;
    expectedRevision = wanted;
  }
  let body: unknown;
  if (route.request.shape.body !== undefined) {
    const read = await readJsonBody(request);
    if (isProblem(read)) return read;
    body = read.json;
  }
  if (readsModels(route)) {
    const notYet = await awaitMinPosition(needs.waitUntilProjected, request.headers);
    if (notYet !== null) return notYet;
  }
  const sent = { ...call.sent, body };
  return route.answer(sent, { ...call, sent, expectedRevision }, called);
};

const authorizeFor = async (authenticate: Authenticate, { access }: Route, call: Call): Promise<Called | Problem> => {
  switch (access.kind) {
    case 'organization': {
      const caller = await authorize(authenticate, call, access.permission);
      return isProblem(caller) ? caller : { caller, user: null };
    }
    case 'user': {
      const user = await authorizeUser(authenticate, call);
      return isProblem(user) ? user : { caller: null, user };
    }
    case 'license':
    case 'anybody':
      return nobody;
  }
};

const nobody: Called = { caller: null, user: null };

const placeHeaders = (needs: AppNeeds, { position }: Reply, { headers }: IncomingMessage) =>
  position === undefined ? {} : positionHeaders(needs.waitUntilProjected, position, headers);

const refuse = (
  needs: AppNeeds,
  respond: Respond,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Problem,
): void => {
  const ids = requestIdsOf(request.headers);
  const status = statusOf(refusal);
  respond.problem(response, refusal, { 'X-Request-Id': ids.requestId });
  report(needs, status, ids);
};

const report = ({ metrics, log }: AppNeeds, status: number, ids: RequestIds): void => {
  metrics.answered('none', status, 0);
  log.answered({ tenant: null, route: 'none', status, milliseconds: 0, ...ids });
};

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Routes by path, in the order given. Throws for a route that would be ambiguous or open to anybody by mistake. */
const routesByPath = (routes: readonly Route[]): ReadonlyMap<string, readonly Route[]> => {
  const byPath = new Map<string, Route[]>();
  const operationIds = new Set<string>();
  for (const route of routes) {
    const here = byPath.get(route.path) ?? [];
    if (operationIds.has(route.operationId) || here.some(({ method }) => method === route.method)) {
      throw new Error(`The route ${route.operationId} (${route.method} ${route.path}) is defined twice.`);
    }
    refuseUndeclared(route);
    operationIds.add(route.operationId);
    byPath.set(route.path, [...here, route]);
  }
  return byPath;
};

// The types ask for it, too; but whoever builds a route by hand must not open it to everybody by a typing error.
const refuseUndeclared = ({ operationId, access }: Route): void => {
  const declared: { readonly kind?: string; readonly permission?: string } = access ?? {};
  const isKnown =
    declared.kind === 'user' ||
    declared.kind === 'anybody' ||
    ((declared.kind === 'organization' || declared.kind === 'license') &&
      declared.permission !== undefined &&
      Object.hasOwn(permissions, declared.permission));
  if (!isKnown) throw new Error(`The route ${operationId} does not declare who may call it.`);
};
