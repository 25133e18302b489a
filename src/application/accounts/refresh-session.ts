import { exchangeRefreshToken } from '../../identity/refresh-token-rotation.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { openOrganizations, type SignedIn, signedIn, type TokenNeeds } from './open-session.ts';

/** A session with a refresh token that was used twice, so two parties have the token. */
export type ReusedSession = { readonly userId: string; readonly sessionId: string };

export type RefreshNeeds = TokenNeeds & {
  readonly secrets: Secrets;
  readonly accounts: { readonly forgetting: { readonly forget: (sessionId: string) => void } };
};

/**
 * `onReused` is called when a token was used twice. `actsFor` notes the organization for the log line of the request.
 */
export type RefreshRequest = {
  readonly onReused: (session: ReusedSession) => void;
  readonly actsFor: (organizationId: string) => void;
};

/** Exchanges a refresh token for the next tokens of its session. Returns null for an invalid token. */
export const refreshSession = async (
  needs: RefreshNeeds,
  { onReused, actsFor }: RefreshRequest,
  token: string,
): Promise<SignedIn | null> => {
  const { pool, secrets, accounts, now } = needs;
  const { refreshTokenSeconds, forgetting } = accounts;
  const refreshed = await exchangeRefreshToken(
    { pool, secrets, refreshTokenSeconds, now: () => new Date(now()) },
    token,
  );
  if (refreshed?.outcome === 'reused') {
    forgetting.forget(refreshed.sessionId);
    onReused(refreshed);
  }
  if (refreshed?.outcome !== 'refreshed') return null;
  const { userId, organizationId } = refreshed;
  const organizations = organizationId === null ? [] : await openOrganizations(needs, userId);
  const organization = organizations.find(({ id }) => id === organizationId) ?? null;
  if (organization !== null) actsFor(organization.id);
  return signedIn(needs, { ...refreshed, organization });
};
