import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import { organizationAggregate, toDecide } from '../../eventstore/aggregate.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { generateLicenseKeyBody } from '../../identity/license-key.ts';
import { abandonUserIn, activateUser, type NewUser, reserveUser } from '../../identity/sign-up.ts';
import { findUserByEmail } from '../../identity/users.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { type Call, none, publicRoute, type Reply, type Route } from '../route.ts';
import { type AuthNeeds, emailPseudonym, nobodysOrganization } from './needs.ts';
import { findPlatformOffer } from './platform-license.ts';
import { displayName, newEmail, newPassword, organizationName, timeZone, tokensShape } from './shapes.ts';
import { openSignedIn, type Proven, provePassword } from './tokens.ts';

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

type SignUp = z.output<typeof signUpBody>;

/** POST /v1/auth/signup: a user and an organization of which they are the OWNER, in one step. */
export const signUp = (needs: AuthNeeds): Route =>
  publicRoute({
    method: 'post',
    path: '/v1/auth/signup',
    operationId: 'signUp',
    summary: 'Sign up',
    description:
      'Makes a user and an organization, and signs in. A signup that failed midway goes on when it is sent again with its Idempotency-Key, and otherwise gives its address back after 60 seconds.',
    tag: 'Authentication',
    effect: 'append',
    request: z.object({ params: none, query: none, body: signUpBody }),
    replies: { 201: { description: 'Signed up and signed in.', body: tokensShape } },
    rejections: ['EMAIL_TAKEN', 'RATE_LIMITED'],
    handle: async ({ body }, call) => {
      const refused = await call.limits.takeForAddress('signup');
      if (refused !== null) return refused;
      const principal = emailPseudonym(needs.secrets, body.email);
      const request = {
        ...{ organizationId: nobodysOrganization, principal, operation: 'signUp', input: body },
        prove: () => provePassword(needs, body),
        ...(needs.accounts.signupPolicy === null ? {} : { createSecret: generateLicenseKeyBody }),
      };
      return idempotently(needs, call, request, (attempt) => carryOut(needs, call, attempt, body));
    },
  });

/**
 * The user is pending until everything else is there; each step finds what an earlier try of the same command has done, so
 * that wherever one stopped, the next goes on.
 */
const carryOut = async (needs: AuthNeeds, call: Call, attempt: Attempt, wanted: SignUp): Promise<Reply | Problem> => {
  const { pool } = needs;
  const offer = await findPlatformOffer(needs, call);
  const user = {
    ...{ userId: encodeId('usr', aggregateId(attempt.commandId, 'user')), email: wanted.email },
    ...{ displayName: wanted.displayName ?? null, commandId: attempt.commandId, now: new Date(needs.now()) },
  };
  const reserved = await reserve(needs, user, wanted.password);
  if (isProblem(reserved)) return reserved;

  const organization = await createOrganization(needs, call, attempt, user.userId, wanted);
  if (isProblem(organization)) {
    await attempt.whenOnly(nobodysOrganization, (db) => abandonUserIn(db, user));
    return organization;
  }
  const { id, position } = organization;
  const last = offer === null ? position : await offer.issueTo(id, attempt);
  if (!(await activateUser(pool, user))) return emailTaken;
  const memberOf = { id, name: wanted.organizationName, role: 'OWNER' } as const;
  const body = await openSignedIn(needs, call, { ...reserved, organization: memberOf });
  call.actsFor(id);
  return body === null ? emailTaken : { status: 201, body, position: last };
};

/** Holds the address for the user, or finds that this command has got it before; or says that it is taken. */
export const reserve = async (
  { pool, accounts: { passwords } }: AuthNeeds,
  user: Omit<NewUser, 'passwordHash'>,
  password: string,
): Promise<Proven | Problem> => {
  const { userId } = user;
  // Before the costly hash; what is decided is decided by the reservation.
  const known = await findUserByEmail(pool, user.email);
  if (known !== null && known.state !== 'pending' && known.commandId !== user.commandId) return emailTaken;
  const passwordHash = await passwords.hash(password);
  const reservation = await reserveUser(pool, { ...user, passwordHash });
  if (reservation.outcome === 'reserved') return { userId, passwordHash };
  if (reservation.outcome === 'taken') return emailTaken;
  const isRight = (await passwords.verify(reservation.passwordHash, password)) !== 'wrong';
  return isRight ? { userId, passwordHash: reservation.passwordHash } : emailTaken;
};

/** Tells whoever signs up that there is such a user, which is no secret to them: a signup cannot work otherwise. */
export const emailTaken: Problem = problem('EMAIL_TAKEN', 'There is a user with this e-mail address. Sign in instead.');

const createOrganization = async (
  { executor, now }: AuthNeeds,
  call: Call,
  attempt: Attempt,
  founderId: string,
  { organizationName: name, timeZone: zone }: SignUp,
): Promise<{ readonly id: string; readonly position: bigint } | Problem> => {
  const id = encodeId('org', aggregateId(attempt.commandId, 'organization'));
  const data = { organizationId: id, name, founderId, ...(zone === undefined ? {} : { timeZone: zone }) };
  const at = now();
  const created = executedOrProblem(
    await executor.execute(
      organizationAggregate,
      id,
      toDecide(organizationAggregate, {
        ...{ type: 'CreateOrganization', at, by: { type: 'USER', userId: founderId } },
        data,
      }),
      contextOf({ call, attempt, actor: { type: 'USER', id: founderId, onBehalfOf: null } }, at),
      () => null,
    ),
  );
  return isProblem(created) ? created : { id, position: created.position.commit };
};
