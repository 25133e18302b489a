import type { InvitationPlace, PresentedInvitation } from '../../application/accounts/find-invitation.ts';
import { decodeId } from '../../domain/ids.ts';
import { readMailedToken } from '../../identity/mailed/mailed-token.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

const listing = 'invitation';

/**
 * Returns the token of an invitation that its inviter sees: an opaque, signed text, the same each time under one secret.
 * The stream of the organization says whether the invitation is still open. The mail has another token.
 */
export const encodeInvitationToken = (secrets: Secrets, { organizationId, invitationId }: InvitationPlace): string =>
  encodeCursor(secrets, listing, `${organizationId}.${invitationId}`);

/** Returns the invitation of a token, mailed or shown. Returns null for a text that this server did not create. */
export const decodeInvitationToken = (secrets: Secrets, token: string): PresentedInvitation | null => {
  const mailed = readMailedToken(secrets, 'invitation', token);
  const ids = mailed ?? decodeCursor(secrets, listing, token)?.split('.') ?? [];
  const [organizationId = '', invitationId = '', ...rest] = ids;
  const isPlace = decodeId('org', organizationId) !== null && decodeId('inv', invitationId) !== null;
  return isPlace && rest.length === 0 ? { organizationId, invitationId, isMailed: mailed !== null } : null;
};
