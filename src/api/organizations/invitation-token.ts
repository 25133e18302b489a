import type { InvitationPlace } from '../../application/accounts/find-invitation.ts';
import { decodeId } from '../../domain/ids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

const listing = 'invitation';

/**
 * Returns the token of an invitation: an opaque, signed text, the same each time under one secret. The stream of the
 * organization says whether the invitation is still open.
 */
export const encodeInvitationToken = (secrets: Secrets, { organizationId, invitationId }: InvitationPlace): string =>
  encodeCursor(secrets, listing, `${organizationId}.${invitationId}`);

/** Returns the invitation of a token. Returns null for a text that this server did not create. */
export const decodeInvitationToken = (secrets: Secrets, token: string): InvitationPlace | null => {
  const [organizationId = '', invitationId = '', ...rest] = decodeCursor(secrets, listing, token)?.split('.') ?? [];
  const isPlace = decodeId('org', organizationId) !== null && decodeId('inv', invitationId) !== null;
  return isPlace && rest.length === 0 ? { organizationId, invitationId } : null;
};
