import { createClient, type InputOf } from '@license-ledger/client';
import type { Session } from '../../session/session.ts';

/** The organization and its owner, as the first run creates them. */
export type NewOwner = InputOf<'signUp'>['body'];

/**
 * Creates a user with an organization, signs the browser in and returns the id of the organization. The same
 * `idempotencyKey` continues an attempt that failed midway. Throws LedgerProblem and LedgerUnreachable.
 */
export const signUpHere = async (
  session: Session,
  { baseUrl, idempotencyKey }: { readonly baseUrl: string; readonly idempotencyKey: string },
  owner: NewOwner,
): Promise<string> => {
  const { data } = await createClient({ baseUrl }).call('signUp', { body: owner }, { idempotencyKey });
  await session.signIn({ email: owner.email, password: owner.password });
  const { accessToken } = data;
  const renew = () => Promise.reject(new Error('The session of the signup is not renewed.'));
  const ofSignUp = createClient({ baseUrl, tries: 1, credentials: { kind: 'accessToken', accessToken, renew } });
  // The browser has a session in its cookie now. The one of the signup would only stay in the list of sessions.
  await ofSignUp.call('logOut', {}).catch(() => undefined);
  return data.organization?.id ?? '';
};
