import type { Refusal, RefusalCode } from '../../application/refusal.ts';
import { pointerTo } from '../pointer.ts';
import type { UnavailableCause } from './unavailable-causes.ts';

/** The codes of all problems. Clients branch on them. */
export type ProblemCode =
  | RefusalCode
  | 'INVALID_REQUEST'
  | 'LICENSE_KEY_MALFORMED'
  | 'TOKEN_EXPIRED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'MAIL_NOT_CONFIGURED'
  | 'RATE_LIMITED'
  | 'INTERNAL'
  | 'UNAVAILABLE';

/** A wrong place in the request: a JSON pointer into the body, or the name of a parameter. */
export type ProblemPlace = { readonly pointer: string; readonly detail: string };

/** A refusal for the client, with its headers. `retryAfterSeconds` says when to try again. */
export type Problem = {
  readonly problem: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly ProblemPlace[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Why the server is not available, with the status 503. */
  readonly cause?: UnavailableCause;
  /** Further members of the body (RFC 9457 §3.2), by name. */
  readonly extension?: Readonly<Record<string, unknown>>;
  /** The id of the first request, only in a refusal that is returned again. */
  readonly requestId?: string;
};

type Meaning = { readonly status: number; readonly title: string };

/** The status and title of each code. A rejection of the domain without a status does not compile. */
export const meanings: Readonly<Record<ProblemCode, Meaning>> = {
  INVALID_REQUEST: { status: 400, title: 'Invalid request' },
  LICENSE_KEY_MALFORMED: { status: 400, title: 'License key malformed' },
  TERM_INVALID: { status: 400, title: 'Term invalid' },
  USAGE_TIMESTAMP_OUT_OF_RANGE: { status: 400, title: 'Usage timestamp out of range' },
  LIMIT_INVALID: { status: 400, title: 'Limit invalid' },
  UNAUTHENTICATED: { status: 401, title: 'Unauthenticated' },
  TOKEN_EXPIRED: { status: 401, title: 'Token expired' },
  FORBIDDEN: { status: 403, title: 'Forbidden' },
  PASSWORD_REQUIRED: { status: 403, title: 'Password required' },
  SIGNUP_CLOSED: { status: 403, title: 'Signup closed' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  ORGANIZATION_NOT_FOUND: { status: 404, title: 'Organization not found' },
  LICENSE_NOT_FOUND: { status: 404, title: 'License not found' },
  USAGE_NOT_FOUND: { status: 404, title: 'Usage not found' },
  NOT_IN_CHECKPOINT_YET: { status: 404, title: 'Not in a checkpoint yet' },
  ACTIVATION_NOT_FOUND: { status: 404, title: 'Activation not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  LICENSE_SUSPENDED: { status: 409, title: 'License suspended' },
  LICENSE_EXPIRED: { status: 409, title: 'License expired' },
  LICENSE_REVOKED: { status: 409, title: 'License revoked' },
  LICENSE_NOT_STARTED: { status: 409, title: 'License not started' },
  TERM_NOT_LATER: { status: 409, title: 'Term not later' },
  CONFIRMATION_REQUIRED: { status: 409, title: 'Confirmation required' },
  BILLING_REF_REUSED: { status: 409, title: 'Billing reference reused' },
  ENTITLEMENT_FROM_POLICY: { status: 409, title: 'Entitlement from policy' },
  PRODUCT_NOT_LICENSED: { status: 409, title: 'Product not licensed' },
  ACTIVATION_LIMIT_EXCEEDED: { status: 409, title: 'Activation limit exceeded' },
  DEVICE_ACTIVE_ELSEWHERE: { status: 409, title: 'Device active on another license' },
  USER_LIMIT_EXCEEDED: { status: 409, title: 'User limit exceeded' },
  PROJECT_LIMIT_EXCEEDED: { status: 409, title: 'Project limit exceeded' },
  SEAT_LIMIT_EXCEEDED: { status: 409, title: 'Seat limit exceeded' },
  QUOTA_EXCEEDED: { status: 409, title: 'Quota exceeded' },
  USAGE_ID_REUSED: { status: 409, title: 'Usage id reused' },
  CORRECTION_EXCEEDS_USAGE: { status: 409, title: 'Correction exceeds usage' },
  USER_NOT_ASSIGNED: { status: 409, title: 'User not assigned' },
  VERSION_NOT_ENTITLED: { status: 409, title: 'Version not entitled' },
  ENVIRONMENT_MISMATCH: { status: 409, title: 'Environment mismatch' },
  ENVIRONMENT_SCOPE_REQUIRED: { status: 409, title: 'Environment required' },
  USER_SCOPE_REQUIRED: { status: 409, title: 'User required' },
  COMPONENTS_REQUIRED: { status: 409, title: 'Components required' },
  COMPONENTS_MISMATCH: { status: 409, title: 'Components mismatch' },
  DEACTIVATION_LIMIT: { status: 409, title: 'Deactivation limit reached' },
  COOLDOWN_ACTIVE: { status: 409, title: 'Cooldown active' },
  ORGANIZATION_CLOSED: { status: 409, title: 'Organization closed' },
  LAST_OWNER: { status: 409, title: 'Last owner' },
  ALREADY_MEMBER: { status: 409, title: 'Already a member' },
  EMAIL_TAKEN: { status: 409, title: 'E-mail address already taken' },
  CODE_TAKEN: { status: 409, title: 'Already taken' },
  RELEASE_EXISTS: { status: 409, title: 'Release exists' },
  RELEASE_LIMIT_EXCEEDED: { status: 409, title: 'Release limit exceeded' },
  HOLDER_CONSENT_REQUIRED: { status: 409, title: 'Holder consent required' },
  OFFER_LIMIT_EXCEEDED: { status: 409, title: 'Offer limit exceeded' },
  ARCHIVED: { status: 409, title: 'Archived' },
  MAIL_NOT_CONFIGURED: { status: 409, title: 'Mail not configured' },
  CONCURRENT_MODIFICATION: { status: 409, title: 'Concurrent modification' },
  IDEMPOTENCY_IN_FLIGHT: { status: 409, title: 'Request with this idempotency key in flight' },
  REVISION_MISMATCH: { status: 412, title: 'Revision mismatch' },
  BODY_TOO_LARGE: { status: 413, title: 'Body too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported media type' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'Idempotency key reused' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  INTERNAL: { status: 500, title: 'Internal server error' },
  UNAVAILABLE: { status: 503, title: 'Unavailable' },
  NOT_PROJECTED_YET: { status: 503, title: 'Not projected yet' },
};

/** Returns a problem. `detail` is a sentence for the caller: what is wrong, where, and what to do. */
export const problem = (code: ProblemCode, detail: string, errors?: readonly ProblemPlace[]): Problem =>
  errors === undefined ? { problem: code, detail } : { problem: code, detail, errors };

/**
 * Returns a problem that passes: the client may send the same request again after these seconds. `cause`: why the
 * server is not available.
 */
export const problemForNow = (
  code: ProblemCode,
  detail: string,
  retryAfterSeconds: number,
  cause?: UnavailableCause,
): Problem => ({
  problem: code,
  detail,
  headers: { 'Retry-After': String(retryAfterSeconds) },
  ...(cause === undefined ? {} : { cause }),
});

/** Returns the refusal of an operation as a problem. The body of the request has the names of the operation's input. */
export const refused = ({ rejected, detail, place, retryAt, retryAfterSeconds, details }: Refusal): Problem => ({
  ...problem(rejected, detail, place === undefined ? undefined : [{ pointer: pointerTo(place), detail }]),
  ...(rejected === 'NOT_PROJECTED_YET' ? { cause: 'NOT_PROJECTED' as const } : {}),
  ...(details === undefined && retryAt === undefined
    ? {}
    : { extension: { ...details, ...(retryAt === undefined ? {} : { retryAt }) } }),
  ...headersOf(rejected, retryAfterSeconds),
});

/** Returns a refusal as a problem, or null for null. */
export const refusedOrNull = (refusal: Refusal | null): Problem | null => (refusal === null ? null : refused(refusal));

const headersOf = (code: RefusalCode, retryAfterSeconds: number | undefined): Pick<Problem, 'headers'> => {
  if (code === 'UNAUTHENTICATED') return { headers: { 'WWW-Authenticate': 'Bearer' } };
  return retryAfterSeconds === undefined ? {} : { headers: { 'Retry-After': String(retryAfterSeconds) } };
};

/** Returns true for a problem. */
export const isProblem = (value: object): value is Problem => 'problem' in value;

/** Returns the HTTP status of a problem. */
export const statusOf = ({ problem: code }: Problem): number => meanings[code].status;

/**
 * Returns a problem as RFC 9457 writes it. `type` is relative to the server, which explains the code at that address.
 */
export const problemBody = (
  { problem: code, detail, errors, cause, extension, requestId: first }: Problem,
  requestId: string,
): object => ({
  type: `/problems#${code.toLowerCase().replaceAll('_', '-')}`,
  title: meanings[code].title,
  status: meanings[code].status,
  detail,
  code,
  ...(errors === undefined ? {} : { errors }),
  ...(cause === undefined ? {} : { cause }),
  ...extension,
  requestId: first ?? requestId,
});

/**
 * The problem of a failure of the server. The client does not learn the cause. The log has it under the same request
 * id.
 */
export const internalProblem: Problem = problem(
  'INTERNAL',
  'The server failed. Its log has the error under the requestId.',
);
