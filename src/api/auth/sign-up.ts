import { z } from 'zod';
import { provePassword } from '../../application/accounts/open-session.ts';
import { refuseSignUp, signUp } from '../../application/accounts/sign-up.ts';
import { nobodysOrganization } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { generateLicenseKeyBody } from '../../identity/license-key.ts';
import { refused, refusedOrNull } from '../problems/problems.ts';
import { none, publicRoute, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './auth-needs.ts';
import { displayName, newEmail, newPassword, openedBody, openedShape, organizationName, timeZone } from './shapes.ts';
import { signInOnce } from './sign-in-once.ts';

const signUpBody = z
  .strictObject({
    email: newEmail,
    password: newPassword,
    displayName: displayName.optional(),
    organizationName: organizationName.default('My organization'),
    timeZone: timeZone.optional(),
  })
  .meta({
    id: 'SignUp',
    example: {
      email: 'ann@vendor.example',
      password: 'four small green apples',
      displayName: 'Ann Lee',
      organizationName: 'Example Software',
      timeZone: 'Europe/Berlin',
    },
  });

/** POST /v1/auth/signup: creates a user and an organization with the user as its OWNER. */
export const signUpRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/signup',
    operationId: 'signUp',
    summary: 'Sign up',
    description:
      'Creates a user and an organization, and signs in. A server with SIGNUP_MODE closed or invited answers 403 SIGNUP_CLOSED. When a signup fails midway, send it again with the same Idempotency-Key to continue it. Otherwise the address is free again after 60 seconds.',
    tag: 'Authentication',
    effect: 'append',
    request: z.object({ params: none, query: none, body: signUpBody }),
    replies: {
      201: { description: 'The user and the organization exist, and the user is signed in.', body: openedShape },
    },
    rejections: ['EMAIL_TAKEN', 'RATE_LIMITED', 'SIGNUP_CLOSED'],
    handle: async ({ body }, call) => {
      const refusal = await call.limits.takeForAddress('signup');
      if (refusal !== null) return refusal;
      const closed = refusedOrNull(refuseSignUp(needs));
      if (closed !== null) return closed;
      const principal = emailPseudonym(needs.secrets, body.email);
      const request = {
        organizationId: nobodysOrganization,
        principal,
        operation: 'signUp',
        input: body,
        prove: async () => refusedOrNull(await provePassword(needs, body)),
        ...(needs.accounts.signupPolicy === null ? {} : { createSecret: generateLicenseKeyBody }),
      };
      return signInOnce(needs, call, request, async (attempt) => {
        const signedUp = await signUp(needs, { call, attempt, userAgent: userAgentOf(call) }, body);
        if (isRefusal(signedUp)) return refused(signedUp);
        return { status: 201, body: openedBody(signedUp.signedIn), position: signedUp.position };
      });
    },
  });
