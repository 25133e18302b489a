import { createMailedToken } from '../../../src/identity/mailed/mailed-token.ts';
import { openReset } from '../../../src/identity/mailed/resets.ts';
import { getUser, setPassword } from '../../../src/identity/users.ts';
import { invite } from '../../support/invitations.ts';
import type { Ledger } from '../../support/ledger.ts';
import { cheapPasswords } from '../../support/passwords.ts';
import { createUser, joinOrganization, openTestSession } from '../../support/users.ts';
import type { Credential } from './credentials.ts';
import type { MakeRequest } from './subject.ts';

const password = 'four small green apples';
const newEmail = () => `${crypto.randomUUID()}@vendor.example`;
const unknownUser = 'usr_01h455vb4pex5vsknk084sn02q';
// Stored once for all: a hash is costly.
const passwordHash = cheapPasswords().hash(password);

/** Somebody who knows the password. */
const withPassword = async ({ database }: Ledger) => {
  const { userId, email } = await createUser(database.api);
  const change = { passwordHash: await passwordHash, exceptSessionId: null, now: new Date(0) };
  await setPassword(database.api, userId, change);
  return { userId, email };
};

/** Another session of the same user, for requests that end the session they are sent with. */
const again = async ({ database, accessTokens }: Ledger, userId: string) => {
  const { sessionId } = await openTestSession(database.api, userId, { now: new Date() });
  const { token } = accessTokens.signAccessToken({ sub: userId, tid: null, sid: sessionId });
  return { sessionId, authorization: `Bearer ${token}` };
};

const onOneself =
  (body?: object): MakeRequest =>
  (_subject, { person }) => ({
    path: `/v1/users/${person?.userId ?? unknownUser}`,
    ...(body === undefined ? {} : { body }),
  });

const onMember =
  (body?: object): MakeRequest =>
  async ({ ledger, organization }) => {
    const { userId } = await createUser(ledger.database.api);
    const { organizationId } = organization;
    await joinOrganization(ledger.needs, { userId, organizationId, role: 'MEMBER' });
    return { path: `/v1/users/${userId}`, ...(body === undefined ? {} : { body }) };
  };

/** The address of the user behind a credential, or one of nobody. */
const emailOf = async ({ database }: Ledger, { person }: Credential): Promise<string> =>
  (person === null ? null : await getUser(database.api, person.userId))?.email ?? newEmail();

const browserSession = '/v1/auth/browser-session';
/** The headers of a page of the server itself, as a browser sends them. */
const ownPage = { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' };

/** Requests of and about users. */
export const userRequests: Readonly<Record<string, MakeRequest>> = {
  signUp: () => ({ path: '/v1/auth/signup', body: { email: newEmail(), password } }),
  logIn: async ({ ledger }) => ({
    path: '/v1/auth/login',
    body: { email: (await withPassword(ledger)).email, password },
  }),
  refresh: async ({ ledger }) => {
    const { userId } = await createUser(ledger.database.api);
    const { refreshToken } = await openTestSession(ledger.database.api, userId, { now: new Date() });
    return { path: '/v1/auth/refresh', body: { refreshToken } };
  },
  openBrowserSession: async ({ ledger }) => ({
    path: browserSession,
    body: { email: (await withPassword(ledger)).email, password },
    headers: ownPage,
  }),
  refreshBrowserSession: async ({ ledger }) => {
    const { userId } = await createUser(ledger.database.api);
    const { refreshToken } = await openTestSession(ledger.database.api, userId, { now: new Date() });
    return { path: browserSession, body: {}, headers: { ...ownPage, cookie: `ledger-session-80=${refreshToken}.` } };
  },
  endBrowserSession: () => ({ path: browserSession, headers: ownPage }),
  jwks: () => ({ path: '/.well-known/jwks.json' }),
  me: () => ({ path: '/v1/auth/me' }),
  listSessions: () => ({ path: '/v1/auth/sessions' }),
  logOut: async ({ ledger }, { person }) => ({
    path: '/v1/auth/logout',
    body: {},
    ...(person === null ? {} : { authorization: (await again(ledger, person.userId)).authorization }),
  }),
  endSession: async ({ ledger }, { person }) => {
    const userId = person?.userId ?? (await createUser(ledger.database.api)).userId;
    return { path: `/v1/auth/sessions/${(await again(ledger, userId)).sessionId}` };
  },
  switchOrganization: async ({ ledger }, { person }) => {
    const { organizationId } = person === null ? ledger.a : await ledger.createVendor('Another');
    if (person !== null) await joinOrganization(ledger.needs, { ...person, organizationId, role: 'GUEST' });
    return { path: '/v1/auth/switch', body: { organizationId } };
  },
  'endSession: of another': async ({ ledger }) => {
    const { userId } = await createUser(ledger.database.api);
    return { path: `/v1/auth/sessions/${(await again(ledger, userId)).sessionId}` };
  },
  'switchOrganization: to another’s': ({ ledger }) => ({
    path: '/v1/auth/switch',
    body: { organizationId: ledger.b.organizationId },
  }),
  changePassword: async ({ ledger }, { person }) => {
    if (person !== null) {
      const change = { passwordHash: await passwordHash, exceptSessionId: person.sessionId, now: new Date() };
      await setPassword(ledger.database.api, person.userId, change);
    }
    return { path: '/v1/auth/password', body: { currentPassword: password, newPassword: password } };
  },
  requestPasswordReset: () => ({ path: '/v1/auth/password-resets', body: { email: newEmail() } }),
  resetPassword: async ({ ledger }) => {
    const { userId } = await createUser(ledger.database.api);
    const resetId = crypto.randomUUID();
    await openReset(ledger.database.api, { userId, resetId }, new Date());
    const token = createMailedToken(ledger.secrets, 'password-reset', [userId, resetId]);
    return { path: '/v1/auth/password-resets/redeem', body: { token, newPassword: password } };
  },
  confirmPassword: async ({ ledger }, { person }) => {
    if (person !== null) {
      const change = { passwordHash: await passwordHash, exceptSessionId: person.sessionId, now: new Date() };
      await setPassword(ledger.database.api, person.userId, change);
    }
    return { path: '/v1/auth/password/confirm', body: { password } };
  },
  'acceptInvitation: with a password': async ({ ledger }) => ({
    path: '/v1/invitations/accept',
    body: { token: (await invite(ledger, newEmail(), ledger.b.organizationId)).token, password },
  }),
  'acceptInvitation: signed in': async ({ ledger }, caller) => {
    const { organizationId } = await ledger.createVendor('Inviting');
    const { token } = await invite(ledger, await emailOf(ledger, caller), organizationId);
    return { path: '/v1/invitations/accept', body: { token } };
  },
  getUser: onOneself(),
  changeUser: onOneself({ displayName: 'Ann' }),
  deleteUser: async ({ ledger }, { person }) => {
    if (person === null) return { path: `/v1/users/${unknownUser}` };
    // Somebody else, who can be spared.
    const { userId } = await createUser(ledger.database.api);
    return { path: `/v1/users/${userId}`, authorization: (await again(ledger, userId)).authorization };
  },
  'getUser: a member': onMember(),
  'changeUser: a member': onMember({ displayName: 'Ann' }),
  'deleteUser: a member': onMember(),
};
