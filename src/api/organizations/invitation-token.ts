import type { InvitationPlace } from '../../application/accounts/find-invitation.ts';
import { decodeId } from '../../domain/ids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

const listing = 'invitation';

/**
 * What the invited shows to accept an invitation: opaque, and nobody else can make one. The same for the same
 * invitation under the same secret. Whether the invitation is still open is for the organization's stream to say.
 */
export const encodeInvitationToken = (secrets: Secrets, { organizationId, invitationId }: InvitationPlace): string =>
  encodeCursor(secrets, listing, `${organizationId}.${invitationId}`);

/** The invitation that a token is for; null when we did not make it. */
export const decodeInvitationToken = (secrets: Secrets, token: string): InvitationPlace | null => {
  const [organizationId = '', invitationId = '', ...more] = decodeCursor(secrets, listing, token)?.split('.') ?? [];
  const isPlace = decodeId('org', organizationId) !== null && decodeId('inv', invitationId) !== null;
  return isPlace && more.length === 0 ? { organizationId, invitationId } : null;
};
