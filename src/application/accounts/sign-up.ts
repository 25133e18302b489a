import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { abandonUserIn, activateUser, type NewUser, reserveUser } from '../../identity/sign-up.ts';
import { findUserByEmail } from '../../identity/users.ts';
import { type Attempt, nobodysOrganization } from '../attempt.ts';
import type { Traced } from '../command-context.ts';
import { foundOrganization } from '../organizations/create-organization.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { openSignedIn, type Proven, type SignedIn, type SignInNeeds } from './open-session.ts';
import { findPlatformOffer, type OfferNeeds } from './signup-offer.ts';

export type SignUpNeeds = SignInNeeds & OfferNeeds;

/** A request of somebody without a credential. `actsFor` notes for the log line on whose rows the request works. */
export type OpenRequest = {
  readonly call: Traced & { readonly actsFor: (organizationId: string) => void };
  readonly attempt: Attempt;
  readonly userAgent: string | null;
};

/** A new user and the organization of which they are the OWNER. */
export type SigningUp = {
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | undefined;
  readonly organizationName: string;
  readonly timeZone?: string | undefined;
};

/** A user who has just come to be, signed in. */
export type NewlySignedIn = { readonly signedIn: SignedIn; readonly position: bigint };

/**
 * Makes a user and an organization, and signs in. The user is pending until everything else is there; each step finds
 * what an earlier try of the same command has done, so that the next try goes on where one stopped.
 */
export const signUp = async (
  needs: SignUpNeeds,
  request: OpenRequest,
  { email, password, displayName, organizationName: name, timeZone }: SigningUp,
): Promise<NewlySignedIn | Refusal> => {
  const { call, attempt, userAgent } = request;
  const { commandId } = attempt;
  const offer = await findPlatformOffer(needs, call);
  const userId = encodeId('usr', aggregateId(commandId, 'user'));
  const user = { userId, email, displayName: displayName ?? null, commandId, now: new Date(needs.now()) };
  const reserved = await reserveAddress(needs, user, password);
  if (isRefusal(reserved)) return reserved;

  const founded = await foundOrganization(needs, { call, attempt, userId }, { name, timeZone });
  if (isRefusal(founded)) {
    await attempt.whenOnly(nobodysOrganization, (db) => abandonUserIn(db, user));
    return founded;
  }
  const { organizationId: id } = founded.view;
  const position = offer === null ? founded.position : await offer.issueTo(id, attempt);
  if (!(await activateUser(needs.pool, user))) return emailTaken;
  const organization = { id, name, role: 'OWNER' } as const;
  const signedIn = await openSignedIn(needs, { ...reserved, organization, userAgent });
  call.actsFor(id);
  return signedIn === null ? emailTaken : { signedIn, position };
};

/** Reserves an address for a user, or finds that this command has reserved it before. Refuses one that is taken. */
export const reserveAddress = async (
  { pool, accounts: { passwords } }: SignInNeeds,
  user: Omit<NewUser, 'passwordHash'>,
  password: string,
): Promise<Proven | Refusal> => {
  const { userId } = user;
  // Before the costly hash; the reservation decides.
  const known = await findUserByEmail(pool, user.email);
  if (known !== null && known.state !== 'pending' && known.commandId !== user.commandId) return emailTaken;
  const passwordHash = await passwords.hash(password);
  const reservation = await reserveUser(pool, { ...user, passwordHash });
  if (reservation.outcome === 'reserved') return { userId, passwordHash };
  if (reservation.outcome === 'taken') return emailTaken;
  const isRight = (await passwords.verify(reservation.passwordHash, password)) !== 'wrong';
  return isRight ? { userId, passwordHash: reservation.passwordHash } : emailTaken;
};

/** Says that there is such a user. That is no secret to somebody who signs up: a signup cannot work otherwise. */
export const emailTaken: Refusal = reject('EMAIL_TAKEN', 'There is a user with this e-mail address. Sign in instead.');
