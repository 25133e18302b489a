import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { isAcceptable } from '../../domain/organization/open-invitations.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { createMailedToken } from '../../identity/mailed/mailed-token.ts';
import { openReset, resetEnd } from '../../identity/mailed/resets.ts';
import { unseal } from '../../identity/seal.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { findUserByEmail, getUser } from '../../identity/users.ts';
import type { Mail } from '../../mail/mail.ts';
import { invitationText, passwordResetText } from '../../mail/texts.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ClaimedMail } from '../../records/mails.ts';
import { valueAt } from '../../records/vault.ts';

/** The needs of writing a mail. `pool` has the role ledger_api. `publicUrl` is the URL of the API for its readers. */
export type ComposeNeeds = {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly secrets: Secrets;
  readonly now: () => Instant;
  readonly publicUrl: string;
};

/**
 * Returns the mail of a queued row. Returns `drop` when there is nothing to send any more: the invitation has ended, the
 * address has no active user, or the token was used. Returns `not_yet` when the event of the row is not stored.
 */
export const composeMail = (needs: ComposeNeeds, claimed: ClaimedMail): Promise<Mail | 'drop' | 'not_yet'> =>
  claimed.kind === 'INVITATION' ? composeInvitation(needs, claimed) : composeReset(needs, claimed);

const composeInvitation = async (
  { pool, executor, secrets, now, publicUrl }: ComposeNeeds,
  { issuerOrgId: organizationId, mailId: invitationId }: ClaimedMail,
): Promise<Mail | 'drop' | 'not_yet'> => {
  const invited = await executor.read(organizationAggregate, organizationId, (organization) => {
    const invitation = organization.kind === 'missing' ? undefined : organization.invitations.get(invitationId);
    if (organization.kind === 'missing' || invitation === undefined) return 'not_yet';
    const isOpen = organization.closedAt === null && isAcceptable(organization, invitation, now());
    return isOpen ? { ...invitation, organizationName: organization.name } : 'drop';
  });
  if (typeof invited === 'string') return invited;
  const to = await asTenant(pool, organizationId, (db) => valueAt(db, invited.emailRef));
  if (to === null) return 'drop';
  const token = createMailedToken(secrets, 'invitation', [organizationId, invitationId]);
  return { id: invitationId, to, ...invitationText({ ...invited, token, publicUrl }) };
};

const composeReset = async (
  { pool, secrets, now, publicUrl }: ComposeNeeds,
  { mailId, sealed }: ClaimedMail,
): Promise<Mail | 'drop'> => {
  if (sealed === null) return 'drop';
  const known = await findUserByEmail(pool, unseal(secrets, sealed, mailId));
  const user = known?.state === 'active' ? await getUser(pool, known.userId) : null;
  if (user === null) return 'drop';
  const sentAt = new Date(now());
  if (!(await openReset(pool, { userId: user.userId, resetId: mailId }, sentAt))) return 'drop';
  const token = createMailedToken(secrets, 'password-reset', [user.userId, mailId]);
  const expiresAt = resetEnd(sentAt).toISOString();
  return { id: mailId, to: user.email, ...passwordResetText({ token, expiresAt, publicUrl }) };
};
