import type { Request } from 'express';
import { type Authenticate, authorize, authorizeUser } from '../authorize.ts';
import { isProblem, type Problem, problem } from '../problems/problems.ts';
import { type Answer, type Call, type Called, type Route, readsModels } from '../route.ts';
import { readJsonBody } from './body.ts';
import { expectedRevisionIn } from './conditional.ts';
import type { LongRequest } from './long-work.ts';
import { awaitMinPosition, type WaitUntilProjected } from './position.ts';

type Needs = {
  readonly authenticate: Authenticate;
  readonly waitUntilProjected: WaitUntilProjected;
  /** Does work that may take long, within bounds of number and time. */
  readonly longWork: (request: Omit<LongRequest, 'onLateFailure'>, work: () => Promise<Answer>) => Promise<Answer>;
};

/**
 * Carries out the operation of a route: checks the credential, the condition, the body and the position that the client
 * asks for, and calls the route. Returns the answer, or the problem of the first check that fails.
 */
export const callRoute = async (needs: Needs, route: Route, request: Request, call: Call): Promise<Answer> => {
  const called = await authorizeFor(needs.authenticate, route, call);
  if (isProblem(called)) return called;
  const expectedRevision = expectedRevisionFor(route, request);
  if (typeof expectedRevision === 'object' && expectedRevision !== null) return expectedRevision;
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
  const answer = () => route.answer(sent, { ...call, sent, expectedRevision }, called);
  const { bounded } = route;
  const isBounded = bounded !== undefined && (bounded.when?.(request.query) ?? true);
  if (!isBounded) return answer();
  const { narrow } = bounded;
  return needs.longWork({ tenant: tenantOf(called), narrow }, answer);
};

/** Returns the organization or the user that long work counts for. */
const tenantOf = ({ caller, user }: Called): string => caller?.organizationId ?? user?.userId ?? 'anybody';

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
