import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { Visit } from '../admission/admission.ts';
import type { Authenticate } from '../authorize.ts';
import type { Front } from '../front.ts';
import type { RequestLog, RequestOrigin } from '../monitoring/logging.ts';
import type { Metrics } from '../monitoring/metrics.ts';
import { problemOfFailure } from '../problems/failure.ts';
import { isProblem, type Problem, statusOf } from '../problems/problems.ts';
import { type CallLimits, createCallLimits } from '../rate-limit/call-limits.ts';
import {
  type Answer,
  type Call,
  type FileReply,
  isFile,
  isStreamed,
  type Reply,
  type Route,
  type Streamed,
} from '../route.ts';
import { callRoute } from './call-route.ts';
import { clientIp } from './client-ip.ts';
import { isUnmodified } from './conditional.ts';
import type { LongWork } from './long-work.ts';
import { onceReadable, positionHeaders, type WaitUntilProjected } from './position.ts';
import { type RequestIds, requestIdsOf } from './request-id.ts';
import type { Respond } from './respond.ts';

type Needs = {
  readonly authenticate: Authenticate;
  readonly waitUntilProjected: WaitUntilProjected;
  readonly longWork: LongWork;
  readonly log: Pick<RequestLog, 'answered' | 'failed'>;
  readonly metrics: Metrics;
  readonly front: Front;
  readonly respond: Respond;
  /** Returns a signal that aborts when the response has ended or the server stops. */
  readonly endingOf: (response: ServerResponse) => AbortSignal;
};

/** Answers one request for the operation of a route, and notes the result in the metrics and the log. Never throws. */
export type AnswerRequest = (route: Route, request: Request, response: ServerResponse) => Promise<void>;

/** Returns the function that answers requests. */
export const createAnswerRequest =
  (needs: Needs): AnswerRequest =>
  async (route, request, response) => {
    const startedMs = performance.now();
    const exchange = openExchange(needs, route, request, response);
    let status: number;
    try {
      status = await answerOrFail(needs, exchange);
    } finally {
      exchange.visit.leave();
    }
    const milliseconds = performance.now() - startedMs;
    needs.metrics.answered(route.operationId, status, milliseconds);
    if (route.isProbe === true && status < 400) return;
    const { ids, clientIp, party } = exchange;
    needs.log.answered({
      tenant: party.organizationId,
      route: route.operationId,
      status,
      milliseconds,
      // One object without spreads: this is written for every validation.
      requestId: ids.requestId,
      correlationId: ids.correlationId,
      clientIp,
      principal: party.principal,
    });
  };

/** A request on its way to its answer. */
type Exchange = {
  readonly route: Route;
  readonly request: Request;
  readonly response: ServerResponse;
  readonly ids: RequestIds;
  readonly limits: CallLimits;
  readonly visit: Visit;
  readonly signal: Call['signal'];
  /** The address of the client, behind the proxies of the operator. */
  readonly clientIp: string;
  /** The organization and the principal of the request. The operation sets them for the log. */
  readonly party: { organizationId: string | null; principal: string | null };
  /** Reports what long work throws after its answer. */
  readonly onLateFailure: (error: unknown) => void;
};

const openExchange = (needs: Needs, route: Route, request: Request, response: ServerResponse): Exchange => {
  const { front, endingOf } = needs;
  // Read now, because the socket no longer knows its address when the client has left.
  const address = clientIp(request, front.trustProxy);
  const limits = createCallLimits(front.rateLimiting, address);
  const signal = () => endingOf(response);
  const exchange: Exchange = {
    route,
    request,
    response,
    ids: requestIdsOf(request.headers),
    limits,
    visit: front.admission.visit({ address, signal, limits }),
    signal,
    clientIp: address,
    party: { organizationId: null, principal: null },
    onLateFailure: (error) => needs.log.failed(error, originOf(exchange), route.operationId),
  };
  return exchange;
};

const originOf = ({ ids, clientIp, party: { principal } }: Exchange): RequestOrigin => ({
  ...ids,
  clientIp,
  principal,
});

/** Returns the status of the answer. */
const answerOrFail = async (needs: Needs, exchange: Exchange): Promise<number> => {
  const { route, response } = exchange;
  try {
    const answer = await callRoute(needs, exchange, callOf(needs, exchange));
    if (isOfUnknown(exchange, answer)) exchange.visit.forget();
    return await send(needs, exchange, answer);
  } catch (error) {
    const refusal = problemOfFailure(error);
    countUnavailable(needs.metrics, refusal);
    needs.log.failed(error, originOf(exchange), route.operationId);
    // When a stream has already begun, only its early end tells the client that something failed.
    if (response.headersSent) response.destroy();
    else needs.respond.problem(response, refusal, headersOf(exchange));
    return statusOf(refusal);
  }
};

const callOf = (needs: Needs, exchange: Exchange): Call => {
  const { route, request, ids, limits, visit, signal, party } = exchange;
  return {
    requestId: ids.requestId,
    correlationId: ids.correlationId,
    headers: request.headers,
    sent: { params: textsOf(request.params), query: request.query, body: undefined },
    clientIp: () => exchange.clientIp,
    limits,
    signal,
    expectedRevision: null,
    actsFor: (organizationId) => {
      party.organizationId = organizationId;
      // Other credentials are known from their check.
      if (route.access.kind === 'license') visit.belongsTo(organizationId);
    },
    endTurn: () => visit.endTurn(),
    resumeTurn: () => visit.resumeTurn(),
    actsAs: (principal) => {
      party.principal = principal;
    },
    onceReadable: (position, work) => {
      onceReadable(needs.waitUntilProjected, position, work).catch((error: unknown) =>
        needs.log.failed(error, originOf(exchange), route.operationId),
      );
    },
  };
};

// The router returns a parameter with slashes as a list of its parts.
const textsOf = (params: Request['params']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? value : value.join('/')]),
  );

/** Returns true when a client's key or credential did not lead to a license or an organization. */
const isOfUnknown = ({ route, party }: Exchange, answer: Answer): boolean =>
  route.access.kind === 'license' &&
  party.organizationId === null &&
  (!isProblem(answer) || [401, 404].includes(statusOf(answer)));

/** Returns the headers that every answer to the request has. The limits count until the answer is written. */
const headersOf = ({ ids, limits }: Exchange) => ({ 'X-Request-Id': ids.requestId, ...limits.headers() });

const countUnavailable = (metrics: Metrics, { cause }: Problem): void => {
  if (cause !== undefined) metrics.unavailable(cause);
};

/** Writes the answer and returns its status. */
const send = async (needs: Needs, exchange: Exchange, answer: Answer): Promise<number> => {
  if (isProblem(answer)) {
    countUnavailable(needs.metrics, answer);
    needs.respond.problem(exchange.response, answer, headersOf(exchange));
    return statusOf(answer);
  }
  if (isStreamed(answer)) return sendStream(needs, exchange, answer);
  return isFile(answer) ? sendFile(needs, exchange, answer) : sendReply(needs, exchange, answer);
};

const sendStream = async ({ respond }: Needs, exchange: Exchange, answer: Streamed): Promise<number> => {
  const { request, response } = exchange;
  // Streams have maxima of their own.
  exchange.visit.leave();
  try {
    respond.begin(response, answer.type, { ...headersOf(exchange), ...answer.headers });
    if (request.method === 'HEAD') response.end();
    await answer.stream(response);
    response.end();
  } finally {
    answer.close();
  }
  return 200;
};

const sendFile = ({ respond }: Needs, exchange: Exchange, { type, bytes, headers: own }: FileReply): number => {
  const { request, response } = exchange;
  const headers = { ...headersOf(exchange), ...own };
  const isUnchanged = own?.ETag !== undefined && isUnmodified(request.headers, own.ETag);
  if (isUnchanged) respond.empty(response, 304, headers);
  else respond.bytes(response, type, bytes, headers);
  return isUnchanged ? 304 : 200;
};

const sendReply = async (
  { respond, waitUntilProjected }: Needs,
  exchange: Exchange,
  { status, body, headers: own, position }: Reply,
): Promise<number> => {
  const { route, request, response } = exchange;
  // Others work while this answer waits for the projector.
  if (position !== undefined) exchange.visit.endTurn();
  const place = position === undefined ? {} : await positionHeaders(waitUntilProjected, position, request.headers);
  const headers = { ...headersOf(exchange), ...place, ...own };
  const isUnchanged = route.method === 'get' && own?.ETag !== undefined && isUnmodified(request.headers, own.ETag);
  const answered = isUnchanged ? 304 : status;
  if (answered === 304 || answered === 204) respond.empty(response, answered, headers);
  else respond.json(response, answered, JSON.stringify(body), headers);
  return answered;
};
