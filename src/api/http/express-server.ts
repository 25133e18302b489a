import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import express, { type Express } from 'express';

/**
 * The milliseconds that a client may take to send its headers and its whole request, and the interval of that check.
 */
export type Patience = { readonly headersMs: number; readonly requestMs: number; readonly lookMs: number };

const standardPatience: Patience = { headersMs: 15_000, requestMs: 30_000, lookMs: 5_000 };
const keepAliveMs = 65_000;
const headerBytesMax = 16 * 1024;
// Closing connections lets clients move to other processes behind a balancer.
const requestsPerConnectionMax = 1_000;

/**
 * Returns an Express app on a server that is not listening yet. Express changes the prototype of every request and
 * answer, which costs two thirds of its speed on Node 20. Here requests and answers are created with these prototypes.
 */
export const createExpressServer = (
  patience = standardPatience,
): { readonly app: Express; readonly server: Server } => {
  const app = express();
  class Request extends IncomingMessage {}
  class Response extends ServerResponse<Request> {}
  adopt(Request.prototype, express.request, app);
  adopt(Response.prototype, express.response, app);
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  const server = createServer(
    {
      IncomingMessage: Request,
      ServerResponse: Response,
      requestTimeout: patience.requestMs,
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: patience.lookMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headerBytesMax,
    },
    app,
  );
  server.maxRequestsPerSocket = requestsPerConnectionMax;
  return { app, server };
};

/** Copies the methods of an Express prototype to a prototype with the same Node parent. */
const adopt = (prototype: object, methods: object, app: Express): void => {
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(methods));
  Object.defineProperty(prototype, 'app', { configurable: true, enumerable: true, writable: true, value: app });
};
