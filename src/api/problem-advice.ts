import type { ProblemCode } from './problems/problems.ts';

/** What each code means to who receives it, and what to do: the text of /problems. */
export const advice: Readonly<Record<ProblemCode, string>> = {
  INVALID_REQUEST:
    'The request is not as the operation takes it; errors names each place. Correct it before sending again.',
  LICENSE_KEY_MALFORMED: 'The key has a typing error or is incomplete: its check symbols do not fit. Ask for it again.',
  TERM_INVALID: 'Start, end or duration cannot be a term, or a renewal would not end later. Choose another.',
  LIMIT_INVALID: 'A limit must be a whole number, 0 or more.',
  UNAUTHENTICATED: 'There is no credential, or it is not known or was revoked. Send a valid one.',
  TOKEN_EXPIRED: 'The access token was good and is too old now. Refresh it; nothing else is needed.',
  FORBIDDEN:
    'The credential is valid but may not do this: it lacks the role or scope, or another organization has the right.',
  NOT_FOUND: 'There is nothing at this path, or no such thing (any more) that is yours to see.',
  ORGANIZATION_NOT_FOUND: 'There is no such organization.',
  LICENSE_NOT_FOUND: 'There is no such license, or it is not yours to see.',
  ACTIVATION_NOT_FOUND: 'This device was never activated on the license.',
  METHOD_NOT_ALLOWED: 'The path exists and takes other methods; the header Allow names them.',
  LICENSE_SUSPENDED: 'The license is suspended. It works again when its issuer reinstates it or the suspension ends.',
  LICENSE_EXPIRED: 'The term of the license has run out. Renew it.',
  LICENSE_REVOKED: 'The license was revoked, which is final. A new one is needed.',
  LICENSE_NOT_STARTED: 'The term of the license begins later.',
  PRODUCT_NOT_LICENSED: 'The license does not cover this product.',
  ACTIVATION_LIMIT_EXCEEDED:
    'All activations are in use; activations lists them. Deactivate a device first, or swap one for the new one.',
  USER_LIMIT_EXCEEDED: 'All users that the limit allows are assigned. Unassign one, or have the limit raised.',
  PROJECT_LIMIT_EXCEEDED: 'The organization has as many projects as it may have. Archive one.',
  SEAT_LIMIT_EXCEEDED: 'All seats are taken. Try again when one is released or its hold has lapsed.',
  QUOTA_EXCEEDED:
    'The quota of this meter is used up until the next term; or there is as much of something as there can be.',
  USER_NOT_ASSIGNED: 'The license names its users, and this one is not among them. Have it assigned.',
  DEACTIVATION_LIMIT: 'The policy allows no more deactivations in this term. The issuer can still release devices.',
  COOLDOWN_ACTIVE: 'The last deactivation was too recent. Wait for the time that the policy asks for.',
  ORGANIZATION_CLOSED: 'The organization was closed; nothing of it can be changed any more.',
  LAST_OWNER: 'An organization keeps at least one owner. Make somebody else an owner first.',
  ALREADY_MEMBER: 'This user is a member of the organization already.',
  EMAIL_TAKEN: 'There is a user with this e-mail address. Sign in, or use another address.',
  CODE_TAKEN: 'The code is in use, the trial was used already, or this was imported already: licenseId says as what.',
  ARCHIVED: 'This was archived: it is kept for what refers to it, and can be neither used nor changed.',
  CONCURRENT_MODIFICATION: 'Others kept changing the same thing. Nothing was done; send the request again.',
  IDEMPOTENCY_IN_FLIGHT:
    'A request with this Idempotency-Key is being carried out. Repeat it after Retry-After seconds.',
  REVISION_MISMATCH:
    'It has changed since the ETag that If-Match names. Read it again and decide anew; nothing was done.',
  BODY_TOO_LARGE:
    'The body, or what the request changes, is larger than is taken at once. Ask for less in one request.',
  UNSUPPORTED_MEDIA_TYPE: 'Send the body as application/json in UTF-8, not compressed.',
  IDEMPOTENCY_KEY_REUSED: 'This Idempotency-Key belongs to another request. Use a new key for a new request.',
  RATE_LIMITED:
    'Too many requests in too short a time. Wait Retry-After seconds; RateLimit names each limit and what is left of it.',
  INTERNAL: 'Something failed on our side and was logged under the requestId.',
  UNAVAILABLE: 'A part of the server does not answer. Repeat after Retry-After seconds with the same Idempotency-Key.',
  NOT_PROJECTED_YET: 'What the request needs cannot be read yet; detail says why. Repeat after Retry-After seconds.',
};
