import { z } from 'zod';
import { provePassword } from '../../application/accounts/open-session.ts';
import { noReset, resetPassword, userOfReset } from '../../application/accounts/redeem-password-reset.ts';
import { requestPasswordReset } from '../../application/accounts/request-password-reset.ts';
import { nobodysOrganization } from '../../application/idempotent-attempt.ts';
import { isRefusal } from '../../application/refusal.ts';
import { decodeId } from '../../domain/ids.ts';
import { readMailedToken } from '../../identity/mailed/mailed-token.ts';
import { type ResetPlace, resetMinutes } from '../../identity/mailed/resets.ts';
import { getUser } from '../../identity/users.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { type Problem, problem, refused, refusedOrNull } from '../problems/problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, userAgentOf } from './auth-needs.ts';
import { newEmail, newPassword, openedBody, openedShape } from './shapes.ts';
import { signInOnce } from './sign-in-once.ts';

const requestBody = z
  .strictObject({ email: newEmail })
  .meta({ id: 'RequestPasswordReset', example: { email: 'ann@vendor.example' } });

const resetBody = z.strictObject({ token: z.string().min(1).max(500), newPassword }).meta({
  id: 'ResetPassword',
  example: { token: 'lgr_mail_AQ3mXgTq', newPassword: 'seven tall blue pears' },
});

/** POST /v1/auth/password-resets: mails a token to the address, if it has a user. The answer does not tell. */
export const requestPasswordResetRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/password-resets',
    operationId: 'requestPasswordReset',
    summary: 'Request a mail that resets your password',
    description: `When the address has a user, the server mails a token to it. The token works once, for ${resetMinutes} minutes. The answer is the same for every address. About 3 mails are sent to an address in ${resetMinutes} minutes; further requests get the same answer and no mail. The count is that of the limit reset_account: there are more mails where two of its windows meet, and without Redis each API process counts for itself.`,
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: requestBody }),
    replies: {
      202: {
        description: 'If the address has a user, the mail is on its way.',
        body: z.strictObject({ validMinutes: z.int() }).meta({ id: 'PasswordResetRequested' }),
      },
    },
    rejections: ['MAIL_NOT_CONFIGURED', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      if (!needs.mailing) return mailNotConfigured;
      const refusal = await call.limits.takeForAddress('reset');
      if (refusal !== null) return refusal;
      const principal = emailPseudonym(needs.secrets, body.email);
      const request = {
        organizationId: nobodysOrganization,
        principal,
        operation: 'requestPasswordReset',
        input: body,
      };
      return idempotently(needs, call, request, async (attempt) => {
        // A refusal would tell a stranger's tries from the owner's. The mails of the last 30 minutes still work.
        const spent = await call.limits.take('reset_account', principal);
        if (spent === null) await requestPasswordReset(needs, attempt, body.email);
        return { status: 202, body: { validMinutes: resetMinutes } };
      });
    },
  });

/** POST /v1/auth/password-resets/redeem: sets the password by a mailed token and signs in. */
export const resetPasswordRoute = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/password-resets/redeem',
    operationId: 'resetPassword',
    summary: 'Set a new password by a mailed token',
    description:
      'Sets the password, ends all sessions of the user, and opens a new one. The token proves the address. It works also while too many wrong passwords keep logins waiting.',
    tag: 'Authentication',
    effect: 'change',
    request: z.object({ params: none, query: none, body: resetBody }),
    replies: { 200: { description: 'The tokens of the new session.', body: openedShape } },
    rejections: ['NOT_FOUND', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const place = placeOf(needs, body.token);
      if (place === null) return refuseToken(call);
      const about = { resetId: place.resetId };
      const request = {
        ...{ organizationId: nobodysOrganization, operation: 'resetPassword', principal: place.userId },
        ...{ input: about, about, prove: () => proveReset(needs, place, body.newPassword) },
      };
      return signInOnce(needs, call, request, async (attempt): Promise<Reply | Problem> => {
        const user = await userOfReset(needs, attempt, place);
        // Only a token that does not work counts against a limit, so one that works is always a way in.
        if (isRefusal(user)) return refuseToken(call);
        const opening = { attempt, userAgent: userAgentOf(call), actsFor: call.actsFor };
        const session = await resetPassword(needs, opening, { place, newPassword: body.newPassword });
        if (isRefusal(session)) return refused(session);
        await call.limits.reopenAccount(emailPseudonym(needs.secrets, user.email));
        return { status: 200, body: openedBody(session) };
      });
    },
  });

/** The refusal of an operation that mails, on a server that cannot. */
const mailNotConfigured = problem(
  'MAIL_NOT_CONFIGURED',
  'This server sends no mail. Ask its operator to set a new password, or to configure MAIL_URL.',
);

const placeOf = ({ secrets }: AuthNeeds, token: string): ResetPlace | null => {
  const [userId = '', resetId = ''] = readMailedToken(secrets, 'password-reset', token) ?? [];
  return decodeId('usr', userId) === null || resetId === '' ? null : { userId, resetId };
};

const refuseToken = async ({ limits }: Call): Promise<Problem> =>
  (await limits.takeForAddress('unknown_key')) ?? refused(noReset);

/** Refuses to return the stored answer when the repeated request has another password than the first one. */
const proveReset = async (needs: AuthNeeds, { userId }: ResetPlace, password: string): Promise<Problem | null> => {
  const user = await getUser(needs.pool, userId);
  return refusedOrNull(user === null ? noReset : await provePassword(needs, { email: user.email, password }));
};
