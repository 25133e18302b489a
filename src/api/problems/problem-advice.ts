import type { ProblemCode } from './problems.ts';

/** The text of /problems: the meaning of each code, and what to do. */
export const advice: Readonly<Record<ProblemCode, string>> = {
  INVALID_REQUEST: 'The request is invalid. errors names each wrong place. Correct it before sending again.',
  LICENSE_KEY_MALFORMED:
    'The key has a typing error or is incomplete, because its check symbols do not match. Ask the user for it again.',
  TERM_INVALID:
    'The start, end or duration is not a valid term, or the term would have ended already. Choose another term.',
  LIMIT_INVALID:
    'A limit must be a whole number of at least 0. The limits of activations, seats, users and meters can also be "unlimited".',
  USAGE_TIMESTAMP_OUT_OF_RANGE:
    'occurredAt is more than 35 days ago, or more than 5 minutes ahead of the server. Correct the clock of the client, or leave out what is too old.',
  UNAUTHENTICATED: 'The credential is missing, unknown or revoked. Send a valid one.',
  TOKEN_EXPIRED: 'The access token has expired. Refresh it and send the request again.',
  FORBIDDEN:
    'The credential is valid but lacks the role or scope, or only another organization has the right. With a license key, detail names the missing proof.',
  PASSWORD_REQUIRED:
    'The operation cannot be undone, so it needs the password of the last 5 minutes. Confirm it: POST /v1/auth/password/confirm.',
  SIGNUP_CLOSED:
    'SIGNUP_MODE of this server allows no new user in this way. Ask for an invitation, or ask the operator of the server.',
  NOT_FOUND: 'There is nothing at this path, or nothing that you may see.',
  ORGANIZATION_NOT_FOUND: 'There is no such organization.',
  NOT_IN_CHECKPOINT_YET:
    'No signed checkpoint covers this event, or the log has no checkpoint yet. Try again in a minute, or ask for one: POST /v1/logs/{organizationId}/checkpoints.',
  LICENSE_NOT_FOUND: 'There is no such license, or you may not see it.',
  ACTIVATION_NOT_FOUND: 'This device was never activated on the license.',
  USAGE_NOT_FOUND:
    'The license counted no usage with the usageId in corrects in the last 35 days, or it is a correction itself. Name usage that was counted.',
  METHOD_NOT_ALLOWED: 'The path supports other methods. The header Allow names them.',
  LICENSE_SUSPENDED: 'The license is suspended. It works again when its issuer reinstates it or the suspension ends.',
  LICENSE_EXPIRED: 'The term of the license has ended. Renew it.',
  LICENSE_REVOKED: 'The license was revoked for good. Issue a new license.',
  LICENSE_NOT_STARTED: 'The term of the license begins later. detail says when, or with which first use.',
  TERM_NOT_LATER:
    'The license already has a term with a later end, so this renewal or payment buys nothing. Renew to a later end or with the basis FROM_EXPIRY, or move the end with POST …/expiry.',
  CONFIRMATION_REQUIRED:
    'The change takes products or paid time from the license. detail, products and ended say what goes. Send the request with confirm: true and a new Idempotency-Key, or with ?preview=true to see the license afterwards.',
  BILLING_REF_REUSED:
    'This billingRef paid for another term of the license. Use a billingRef for one payment, with the same terms each time.',
  ENTITLEMENT_FROM_POLICY:
    'The policy grants this entitlement, so there is no grant to revoke. To withhold it from this license, grant it with withheld: true.',
  PRODUCT_NOT_LICENSED: 'The license does not cover this product.',
  ACTIVATION_LIMIT_EXCEEDED:
    'All activations of the license, or of the user that errors names, are in use. activations lists them. Deactivate a device first, or swap it for the new one, or ask the holder or the issuer to release one.',
  DEVICE_ACTIVE_ELSEWHERE:
    'The policy allows a device on one license only, and the device is active on another one. Deactivate it there, or ask the issuer to release it there. licenseId names that license to callers who may read it.',
  USER_LIMIT_EXCEEDED:
    'The license has as many users as its limit allows. Unassign a user, or ask the issuer to raise the limit.',
  PROJECT_LIMIT_EXCEEDED: 'The organization has as many projects as its limit allows. Archive a project.',
  SEAT_LIMIT_EXCEEDED:
    'All seats are taken. leases lists them. Try again at retryAt, when enough seats have ended, or ask the holder or the issuer to release one.',
  QUOTA_EXCEEDED:
    'The quota of this meter is used up, or another quota is reached. detail names it. When a renewed term will start a new count, retryAt names its start. Else ask the issuer to renew the license or to raise the limit.',
  USAGE_ID_REUSED:
    'This usageId was counted with another quantity within 35 days. Send a new usageId for other usage, and the same quantity for the same one.',
  CORRECTION_EXCEEDS_USAGE:
    'Corrections of one usage together take back at most its quantity. detail says how much is left to correct. Send a smaller correction.',
  USER_NOT_ASSIGNED: 'The license is not assigned to this user. Assign the user first.',
  VERSION_NOT_ENTITLED:
    'The version was released after the maintenance of the license ended. newestEntitledRelease names the newest version that it covers, or is null. Install that one, or ask the issuer to renew.',
  ENVIRONMENT_MISMATCH: 'The license is for another environment. detail names it.',
  ENVIRONMENT_SCOPE_REQUIRED: 'The policy requires the environment of the application. Send environment.',
  USER_SCOPE_REQUIRED: 'The policy requires the user of the application. Send user.',
  COMPONENTS_REQUIRED: 'The policy compares the components of a device. Send its components with the fingerprint.',
  COMPONENTS_MISMATCH:
    'An active device has this fingerprint, but too few of its components are the same. Deactivate the device and activate it again, or ask the holder or the issuer to release it.',
  DEACTIVATION_LIMIT:
    'The policy allows no further deactivation in this term. When a renewed term will start, retryAt names the first possible instant in it. The issuer can still release devices.',
  COOLDOWN_ACTIVE:
    'The last deactivation was too recent. Send the request again at retryAt, after Retry-After seconds.',
  ORGANIZATION_CLOSED: 'The organization is closed. It can no longer be changed.',
  LAST_OWNER: 'An organization needs at least one OWNER. Make another user an OWNER first.',
  ALREADY_MEMBER: 'This user is already a member of the organization.',
  EMAIL_TAKEN: 'A user with this e-mail address exists. Sign in, or use another address.',
  CODE_TAKEN:
    'The code is in use, the trial was already used, or the license was already imported. Then licenseId names it.',
  RELEASE_EXISTS:
    'The product has this release with another date or channel. To correct it, withdraw it and publish it again.',
  RELEASE_LIMIT_EXCEEDED:
    'The product has as many releases as the limit allows. Publish only versions that customers get.',
  HOLDER_CONSENT_REQUIRED:
    'The organization has not consented to hold your licenses. Leave accepted out. Then the organization gets an offer.',
  OFFER_LIMIT_EXCEEDED:
    'The organization has as many open offers of yours as the limit allows. Wait until it answers, or withdraw one.',
  ARCHIVED: 'This is archived. It can be neither used nor changed.',
  MAIL_NOT_CONFIGURED: 'This server sends no mail. Ask its operator to set a new password.',
  CONCURRENT_MODIFICATION: 'Other requests kept changing the same thing. Nothing was changed. Send the request again.',
  IDEMPOTENCY_IN_FLIGHT:
    'A request with this Idempotency-Key is being carried out. Repeat it after Retry-After seconds.',
  REVISION_MISMATCH:
    'The resource has changed since the ETag in If-Match. Nothing was changed. Read it again and decide again.',
  BODY_TOO_LARGE: 'The body or the change is too large. Change less in one request.',
  UNSUPPORTED_MEDIA_TYPE: 'Send the body as application/json in UTF-8, not compressed.',
  IDEMPOTENCY_KEY_REUSED: 'This Idempotency-Key belongs to another request. Use a new key for a new request.',
  RATE_LIMITED:
    'Too many requests in too short a time, or in progress at a time. Wait Retry-After seconds. The detail names the limit.',
  INTERNAL: 'The server failed. Its log has the error under the requestId.',
  UNAVAILABLE: 'A part of the server does not answer. Repeat after Retry-After seconds with the same Idempotency-Key.',
  NOT_PROJECTED_YET:
    'The read models do not contain what the request needs yet. detail says why. Repeat after Retry-After seconds.',
};
