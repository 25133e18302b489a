import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { refuseNewUser, type SignupMode } from '../../domain/organization/signup-mode.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { abandonUserIn, activateUser, type NewUser, reserveUser } from '../../identity/reserve-user.ts';
import { findUserByEmail, type User } from '../../identity/users.ts';
import { afterAppend } from '../after-append.ts';
import type { Traced } from '../command-context.ts';
import { type Attempt, nobodysOrganization } from '../idempotent-attempt.ts';
import { createFirstOrganization } from '../organizations/create-organization.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { openSignedIn, type Proven, type SignedInOnDevice, type SignInNeeds } from './open-session.ts';
import { refuseOwnAddress } from './refuse-own-address.ts';
import { findPlatformOffer, type OfferNeeds } from './signup-offer.ts';

/** Who may become a user on this server. */
export type SignupNeeds = { readonly accounts: { readonly signupMode: SignupMode } };

export type SignUpNeeds = SignInNeeds & OfferNeeds & SignupNeeds;

/** Returns the refusal of every signup, or null where strangers may sign up. A refused request leaves nothing behind. */
export const refuseSignUp = ({ accounts }: SignupNeeds): Refusal | null => refuseNewUser(accounts.signupMode, 'signup');

/** A request without a credential. `actsFor` notes the organization for the log line of the request. */
export type OpenRequest = {
  readonly call: Traced & { readonly actsFor: (organizationId: string) => void };
  readonly attempt: Attempt;
  readonly userAgent: string | null;
};

/** A new user with a new organization, which the user owns. */
export type SigningUp = {
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | undefined;
  readonly organizationName: string;
  readonly timeZone?: string | undefined;
};

/** The session of a user who was just created. */
export type NewlySignedIn = { readonly signedIn: SignedInOnDevice; readonly position: bigint };

/**
 * Creates a user and an organization, and signs in. The caller has asked `refuseSignUp`. The user is pending until everything else exists. Each step finds
 * the result of an earlier attempt of the same command, so a retry continues where that attempt stopped.
 */
export const signUp = async (
  needs: SignUpNeeds,
  request: OpenRequest,
  { email, password, displayName, organizationName: name, timeZone }: SigningUp,
): Promise<NewlySignedIn | Refusal> => {
  const { call, attempt, userAgent } = request;
  const { commandId } = attempt;
  const offer = await findPlatformOffer(needs, call, email);
  const userId = encodeId('usr', aggregateId(commandId, 'user'));
  const user = { userId, email, displayName: displayName ?? null, commandId, now: new Date(needs.now()) };
  const reserved = await reserveAddress(needs, user, password);
  if (isRefusal(reserved)) return reserved;

  const founded = await createFirstOrganization(needs, { call, attempt, userId }, { name, timeZone });
  if (isRefusal(founded)) {
    await attempt.whenOnly(nobodysOrganization, (db) => abandonUserIn(db, user));
    return founded;
  }
  const { organizationId: id } = founded.view;
  const position = (await offer?.issueTo(id, attempt)) ?? founded.position;
  if (!(await afterAppend(() => activateUser(needs.pool, user)))) return emailTaken;
  const organization = { id, name, role: 'OWNER' } as const;
  const signedIn = await openSignedIn(needs, { ...reserved, organization, userAgent });
  call.actsFor(id);
  return signedIn === null ? emailTaken : { signedIn, position };
};

/** Reserves an address for a user, once per command. Refuses an address that is taken, and the address as password. */
export const reserveAddress = async (
  { pool, accounts: { passwords } }: SignInNeeds,
  user: Omit<NewUser, 'passwordHash'>,
  password: string,
): Promise<Reserved | Refusal> => {
  const { userId } = user;
  const refusal = refuseOwnAddress(password, user.email, 'password');
  if (refusal !== null) return refusal;
  // This check only saves the costly hash. The reservation decides.
  const known = user.isProven === true ? null : await findUserByEmail(pool, user.email);
  if (known !== null && known.state !== 'pending' && known.commandId !== user.commandId) return emailTaken;
  const passwordHash = await passwords.hash(password);
  const reservation = await reserveUser(pool, { ...user, passwordHash });
  if (reservation.outcome === 'reserved') return { userId, passwordHash, displaces: reservation.displaces };
  if (reservation.outcome === 'unproven') return unprovenInTheWay[reservation.state];
  if (reservation.outcome === 'taken') return emailTaken;
  const isRight = (await passwords.verify(reservation.passwordHash, password)) !== 'wrong';
  return isRight ? { userId, passwordHash: reservation.passwordHash, displaces: null } : emailTaken;
};

/** A user who may be activated. `displaces` is the user who loses the address then, or null. */
type Reserved = Proven & { readonly displaces: string | null };

/** The refusal of an address that another user has. A signup cannot hide that the address is in use. */
export const emailTaken: Refusal = reject(
  'EMAIL_TAKEN',
  'A user with this e-mail address exists. Sign in instead, or use another address.',
);

/** The refusals of an address that a user without a proved address has, by the state of that user. For the mail's reader. */
const unprovenInTheWay: { readonly [state in User['state']]: Refusal } = {
  active: reject(
    'EMAIL_TAKEN',
    'A user with this e-mail address exists, and has another password. If the user is you, accept with its password, or reset the password by mail and accept with the access token. To leave that user as it is and become a new one, add "replaceAccount": true.',
  ),
  deactivated: reject(
    'EMAIL_TAKEN',
    'The user with this e-mail address was deactivated for good. To become a new user with the address, add "replaceAccount": true.',
  ),
};
