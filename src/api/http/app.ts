import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Request } from 'express';
import type { Authenticate } from '../authorize.ts';
import type { Front } from '../front.ts';
import type { RequestLog, RequestOrigin } from '../monitoring/logging.ts';
import type { Metrics } from '../monitoring/metrics.ts';
import { internalProblem, type Problem, problem, statusOf } from '../problems/problems.ts';
import type { Route } from '../route.ts';
import { createAnswerRequest } from './answer-request.ts';
import { clientIp } from './client-ip.ts';
import { createCors } from './cors.ts';
import { createEndings } from './endings.ts';
import { createExpressServer, type Patience } from './express-server.ts';
import { createLongWork } from './long-work.ts';
import { refuseNoRequest } from './no-request.ts';
import type { WaitUntilProjected } from './position.ts';
import { requestIdsOf } from './request-id.ts';
import { createRespond, type Respond } from './respond.ts';
import { routesByPath } from './routes-by-path.ts';
import { securityHeaders } from './security-headers.ts';

export type AppNeeds = {
  readonly authenticate: Authenticate;
  readonly waitUntilProjected: WaitUntilProjected;
  readonly log: Pick<RequestLog, 'answered' | 'failed'>;
  readonly metrics: Metrics;
  readonly front: Front;
  /** Aborts when the server is to stop. Requests that wait or stream end then. */
  readonly stopping: AbortSignal;
  /** Tests set shorter times. */
  readonly patience?: Patience;
};

/** Serves a file or page: an answer to GET at a path that is not an operation. */
export type ServeFile = (path: string, answer: (response: ServerResponse, request: Request) => unknown) => void;

/**
 * Creates the server of the routes. `extend` adds files and pages. The server is not listening yet. Throws for a faulty
 * route.
 */
export const createApp = (
  needs: AppNeeds,
  routes: readonly Route[],
  extend: (serve: ServeFile, respond: Respond) => void = () => undefined,
): Server => {
  const { app, server } = createExpressServer(needs.patience);
  const sharedHeaders = securityHeaders();
  const respond = createRespond(sharedHeaders);
  const refuse = createRefuse(needs, respond);
  server.on('clientError', (error, socket) => {
    const refused = refuseNoRequest(error, socket, sharedHeaders);
    if (refused === null) return;
    const { requestId } = refused;
    const address = socket instanceof Socket ? clientIp({ headers: {}, socket }, 0) : '';
    report(needs, refused.status, { requestId, correlationId: requestId, clientIp: address, principal: null });
  });
  const cors = createCors(needs.front.corsOrigins);
  if (cors !== null) {
    app.use((request, response, next) => {
      if (cors(request, response)) needs.metrics.answered('preflight', response.statusCode, 0);
      else next();
    });
  }
  const allow = (path: string, allowed: string, isOpenPath?: boolean) => {
    app.all(expressPath(path, isOpenPath), (request, response) => {
      const detail = `${path} does not support ${request.method}. Use ${allowed}.`;
      refuse(request, response, { ...problem('METHOD_NOT_ALLOWED', detail), headers: { Allow: allowed } });
    });
  };
  const longWork = createLongWork();
  const answerRequest = createAnswerRequest({ ...needs, longWork, respond, endingOf: createEndings(needs.stopping) });
  for (const [path, routesHere] of routesByPath(routes)) {
    for (const route of routesHere) {
      app[route.method](expressPath(path, route.isOpenPath), (request, response) => {
        void answerRequest(route, request, response);
      });
    }
    const allowed = routesHere.map(({ method }) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', ');
    allow(path, allowed, routesHere[0]?.isOpenPath);
  }
  extend((path, answerFile) => {
    app.get(path, (request, response) => answerFile(response, request));
    allow(path, 'GET, HEAD');
  }, respond);
  app.use((request, response) => refuse(request, response, unknownPath));
  // Express passes errors only to a function with four parameters. Its router fails for a path that it cannot decode.
  app.use((error: unknown, request: Request, response: ServerResponse, _next: () => void) => {
    const isTheirs = error instanceof URIError;
    if (!isTheirs) needs.log.failed(error, originOf(request, needs.front), 'router');
    refuse(request, response, isTheirs ? badPath : internalProblem);
  });
  return server;
};

const unknownPath = problem('NOT_FOUND', 'There is nothing at this path. Check the method and the path.');
const badPath = problem('INVALID_REQUEST', 'The path is not a valid URL.');

/** Returns what refuses a request that no operation answers, and reports it. */
const createRefuse =
  (needs: AppNeeds, respond: Respond) =>
  (request: IncomingMessage, response: ServerResponse, refusal: Problem): void => {
    const origin = originOf(request, needs.front);
    respond.problem(response, refusal, { 'X-Request-Id': origin.requestId });
    report(needs, statusOf(refusal), origin);
  };

/** Returns the origin of a request that no operation answers. Its credential is not checked. */
const originOf = (request: IncomingMessage, { trustProxy }: Front): RequestOrigin => ({
  ...requestIdsOf(request.headers),
  clientIp: clientIp(request, trustProxy),
  principal: null,
});

const report = ({ metrics, log }: AppNeeds, status: number, origin: RequestOrigin): void => {
  metrics.answered('none', status, 0);
  log.answered({ tenant: null, route: 'none', status, milliseconds: 0, ...origin });
};

const expressPath = (path: string, isOpen = false): string => {
  const named = isOpen ? path.replace(/\{(\w+)\}$/, '*$1') : path;
  return named.replaceAll(/\{(\w+)\}/g, ':$1');
};
