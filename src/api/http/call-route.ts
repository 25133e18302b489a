import type { Request } from 'express';
import { productsOf } from '../../domain/authority.ts';
import { oneSpellingOf } from '../../identity/license-key.ts';
import { withinProductScope } from '../../postgres/product-scope.ts';
import type { Visit } from '../admission/admission.ts';
import { checkOfCredential, workOf } from '../admission/shares.ts';
import { type Authenticate, authorize, authorizeUser, credentialIn } from '../authorize.ts';
import { isProblem, type Problem, problem, statusOf } from '../problems/problems.ts';
import { type Answer, type Call, type Called, type Route, readsModels } from '../route.ts';
import { readJsonBody } from './body.ts';
import { expectedRevisionIn } from './conditional.ts';
import type { LongWork } from './long-work.ts';
import { awaitMinPosition, type WaitUntilProjected } from './position.ts';

type Needs = {
  readonly authenticate: Authenticate;
  readonly waitUntilProjected: WaitUntilProjected;
  readonly longWork: LongWork;
};

/**
 * Carries out the operation of a route. Checks the credential, the condition, the body and the position that the client
 * asks for. Then waits for the turn of the tenant, and calls the route. Returns the answer, or the problem of the first
 * check that fails. The caller ends the turn.
 */
export const callRoute = async (needs: Needs, exchange: Exchange, call: Call): Promise<Answer> => {
  const { route, request, visit } = exchange;
  const called = isForAnybody(route) ? nobody : await authorizeInTurn(needs.authenticate, exchange, call);
  if (isProblem(called)) return called;
  const expectedRevision = expectedRevisionFor(route, request);
  if (typeof expectedRevision === 'object' && expectedRevision !== null) return expectedRevision;
  let body: unknown;
  if (route.request.shape.body !== undefined) {
    const read = await readJsonBody(request, route.bodyBytesMax);
    if (isProblem(read)) return read;
    body = read.json;
  }
  if (readsModels(route)) {
    const notYet = await awaitMinPosition(needs.waitUntilProjected, request.headers);
    if (notYet !== null) return notYet;
  }
  const tenant = tenantOf(called) ?? tenantOfClient(exchange, body) ?? visit.stranger();
  if (route.isProbe !== true) {
    const refusal = await visit.takeTurn(tenant, workOf(route));
    if (refusal !== null) return refusal;
  }
  const sent = { ...call.sent, body };
  const { bounded } = route;
  const full = { ...call, sent, expectedRevision };
  const answer = () => answerInScope(called, () => route.answer(sent, full, called));
  if (bounded === undefined || bounded.when?.(request.query) === false) return answer();
  const { narrow } = bounded;
  const { onLateFailure } = exchange;
  return needs.longWork({ tenant, narrow, onLateFailure }, answer);
};

/**
 * Answers within the products that the caller's API key is limited to. A stream that the answer begins stays within
 * them.
 */
const answerInScope = async ({ caller }: Called, work: () => Promise<Answer>): Promise<Answer> => {
  const products = caller === null ? null : productsOf(caller);
  const answer = await withinProductScope(products, work);
  return 'stream' in answer
    ? { ...answer, stream: (response) => withinProductScope(products, () => answer.stream(response)) }
    : answer;
};

type Exchange = {
  readonly route: Route;
  readonly request: Request;
  readonly visit: Visit;
  /** Receives what long work throws after its answer. */
  readonly onLateFailure: (error: unknown) => void;
};

// Their routes check the credential of a client, or there is none.
const isForAnybody = ({ access: { kind } }: Route): boolean => kind === 'license' || kind === 'anybody';

/**
 * Checks the credential of an organization or a user. The check of a credential that has not worked before reads the
 * database, so it takes a turn of the client's address.
 */
const authorizeInTurn = async (
  authenticate: Authenticate,
  { route, request, visit }: Exchange,
  call: Call,
): Promise<Called | Problem> => {
  const { authorization } = request.headers;
  if (authorization === undefined) return authorizeFor(authenticate, route, call);
  if (visit.recognize(authorization) === null) {
    const refusal = await visit.takeTurn(visit.stranger(), checkOfCredential);
    if (refusal !== null) return refusal;
  }
  const called = await authorizeFor(authenticate, route, call);
  // Others work while the client sends the body.
  visit.endTurn();
  if (isProblem(called)) {
    // A credential that has ended is a stranger again, so its next check needs a turn.
    if (statusOf(called) === 401) visit.forget();
    return called;
  }
  const tenant = tenantOf(called);
  if (tenant !== null) visit.belongsTo(tenant);
  return called;
};

const tenantOf = ({ caller, user }: Called): string | null =>
  caller?.organizationId ?? user?.membership?.organizationId ?? user?.userId ?? null;

/** Returns the tenant of a client's license key or credential, once it has worked. */
const tenantOfClient = ({ route, request, visit }: Exchange, body: unknown): string | null => {
  if (route.access.kind !== 'license') return null;
  const key = typeof body === 'object' && body !== null && 'licenseKey' in body ? body.licenseKey : null;
  const pasted = typeof key === 'string' ? key : credentialIn(request.headers, 'license');
  // Otherwise one key in many spellings would make the process forget the tenants of others.
  if (pasted !== null) return visit.recognize(oneSpellingOf(pasted));
  const { authorization } = request.headers;
  return authorization === undefined ? null : visit.recognize(authorization);
};

const expectedRevisionFor = (route: Route, { headers }: Request): Call['expectedRevision'] | Problem => {
  if (route.method === 'get' || headers['if-match'] === undefined) return null;
  return route.conditional === true ? expectedRevisionIn(headers) : unsupportedCondition;
};

// Carrying out the request would break the promise that the header asks for.
const unsupportedCondition = problem(
  'INVALID_REQUEST',
  'This operation does not support If-Match. Send the request without it.',
);

const authorizeFor = async (authenticate: Authenticate, { access }: Route, call: Call): Promise<Called | Problem> => {
  switch (access.kind) {
    case 'organization': {
      if (access.takesStrangers === true && call.headers.authorization === undefined) return nobody;
      // A whole log has thousands of files, so they are not counted with the other requests.
      const bucket = access.takesStrangers === true ? 'log_organization' : null;
      const caller = await authorize(authenticate, call, access.permission, bucket);
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
