import type { Route } from '../route.ts';
import { acceptInvitationRoute } from './accept-invitation.ts';
import type { AuthNeeds } from './auth-needs.ts';
import { endBrowserSession, openBrowserSession, refreshBrowserSession } from './browser-session.ts';
import { jwks } from './jwks.ts';
import { logInRoute } from './log-in.ts';
import { changePasswordRoute } from './password.ts';
import { confirmPasswordRoute } from './password-confirmation.ts';
import { requestPasswordResetRoute, resetPasswordRoute } from './password-resets.ts';
import { refreshRoute } from './refresh.ts';
import { deleteSession, logOut, me, sessions, switchTo } from './sessions.ts';
import { signUpRoute } from './sign-up.ts';
import { changeUser, deleteUser, getUserRoute } from './users.ts';

/** The operations on users, logins and sessions. */
export const authRoutes = (needs: AuthNeeds): readonly Route[] => [
  signUpRoute(needs),
  logInRoute(needs),
  refreshRoute(needs),
  logOut(needs),
  openBrowserSession(needs),
  refreshBrowserSession(needs),
  endBrowserSession(needs),
  switchTo(needs),
  me(needs),
  changePasswordRoute(needs),
  requestPasswordResetRoute(needs),
  resetPasswordRoute(needs),
  confirmPasswordRoute(needs),
  sessions(needs),
  deleteSession(needs),
  jwks(needs),
  acceptInvitationRoute(needs),
  getUserRoute(needs),
  changeUser(needs),
  deleteUser(needs),
];
