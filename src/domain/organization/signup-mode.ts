import { type Rejection, reject } from '../decider.ts';

/**
 * Who may become a user: nobody but by the operator (`closed`), only persons with an invitation (`invited`), or
 * everybody (`open`).
 */
export const signupModes = ['closed', 'invited', 'open'] as const;

/** One of `signupModes`. */
export type SignupMode = (typeof signupModes)[number];

/** How somebody becomes a user: by a signup with an own organization, or by an invitation to an organization. */
export type WayIn = 'signup' | 'invitation';

/**
 * Returns the refusal of a new user, or null when the mode allows it. It depends on the mode alone, so it does not reveal
 * who is a user.
 */
export const refuseNewUser = (mode: SignupMode, way: WayIn): Rejection<'SIGNUP_CLOSED'> | null => {
  if (mode === 'open' || (mode === 'invited' && way === 'invitation')) return null;
  return mode === 'invited' ? byInvitation : closed[way];
};

const byInvitation = reject(
  'SIGNUP_CLOSED',
  'New users join this server by an invitation only. Ask an OWNER or ADMIN of your organization to invite you.',
);

const closed = {
  signup: reject(
    'SIGNUP_CLOSED',
    'Nobody can sign up on this server. Ask its operator for an organization, or sign in if you are a user.',
  ),
  invitation: reject(
    'SIGNUP_CLOSED',
    'An invitation creates no user on this server. If you are a user, accept it with your access token. Otherwise ask the operator of the server.',
  ),
} as const;
