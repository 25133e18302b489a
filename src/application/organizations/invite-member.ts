import type { Pool } from 'pg';
import { encodeId } from '../../domain/ids.ts';
import { invitationEnd } from '../../domain/organization/decide-invitations.ts';
import type { Role } from '../../domain/organization/events.ts';
import type { Invitation } from '../../domain/organization/organization.ts';
import { organizationLimits } from '../../domain/organization/organization-limits.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { findUserByEmail } from '../../identity/users.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { isQueued, type NewMail, queueMail } from '../../records/mails.ts';
import { referenceOf } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { PlatformLicenseOf } from './platform-license.ts';
import {
  type ChangedOrganization,
  eraseAddresses,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  partOf,
  sendToOrganization,
} from './send-to-organization.ts';

/** `mailing` is true when the server can send mail. */
export type InviteNeeds = OrganizationCommandNeeds & {
  readonly platformLicense: PlatformLicenseOf;
  readonly mailing: boolean;
};

/** Counts the invitations that are mailed to one address, by all organizations. */
export type MailAllowance = {
  /** Counts one mail. Returns false, and allows no mail, when the address got enough of them. */
  readonly take: () => Promise<boolean>;
  /** Takes the counted mail back. */
  readonly takeBack: () => Promise<void>;
};

/** A new invitation. Without `expiresAt` it expires after the days of `invitationEnd`. */
export type NewInvitation = {
  readonly email: string;
  readonly role: Role;
  readonly expiresAt?: Instant | undefined;
  readonly allowance: MailAllowance;
};

/** The accepted invitation. `isMailed` is true when the worker mails it. */
type Invited = ChangedOrganization<Invitation> & { readonly invitationId: string; readonly isMailed: boolean };

/**
 * Invites a person to the caller's organization by e-mail address. The mail is queued before the event, so that it is not
 * lost. The worker sends it only for an invitation that the organization's stream has.
 */
export const inviteMember = async (
  needs: InviteNeeds,
  request: OrganizationRequest,
  { email, role, expiresAt: end, allowance }: NewInvitation,
): Promise<Invited | Refusal> => {
  const { attempt, caller } = request;
  const { organizationId: issuerOrgId } = caller;
  const at = needs.now();
  const invitationId = encodeId('inv', aggregateId(attempt.commandId, 'invitation'));
  const emailRef = referenceOf(attempt, 'e-mail');
  const expiresAt = end ?? invitationEnd(at);
  const [user, license] = await Promise.all([findUserByEmail(needs.pool, email), needs.platformLicense(issuerOrgId)]);
  const limits = organizationLimits(license?.entitlements ?? [], at);
  const userId = user?.state === 'active' ? user.userId : null;
  const data = { invitationId, emailRef, userId, role, expiresAt, limits };
  const mail = { issuerOrgId, mailId: invitationId, kind: 'INVITATION', sealed: null, now: new Date(at) } as const;
  const queued = needs.mailing ? await queueAllowed(needs.pool, mail, allowance) : 'too many';
  const sent = await sendToOrganization(needs, request, {
    at,
    commandsOn: () => [{ type: 'InviteMember', data }],
    values: [{ ref: emailRef, issuerOrgId, holderOrgId: null, kind: 'EMAIL', subject: invitationId, value: email }],
    aboutAccess: true,
    view: ({ invitations }) => partOf(invitations, invitationId),
  });
  if (isRefusal(sent)) {
    // Repeating a lost race may be accepted, and does not count again.
    if (queued === 'counted' && sent.rejected !== 'CONCURRENT_MODIFICATION') await allowance.takeBack();
    return sent;
  }
  await eraseAddresses(needs.pool, issuerOrgId, sent);
  return { ...sent, invitationId, isMailed: queued !== 'too many' };
};

/** Queues a mail when the allowance of its address lasts. A mail that an earlier attempt queued does not count again. */
const queueAllowed = async (
  pool: Pool,
  mail: NewMail,
  allowance: MailAllowance,
): Promise<'counted' | 'queued before' | 'too many'> => {
  const isRepeated = await asTenant(pool, mail.issuerOrgId, (db) => isQueued(db, mail));
  if (!isRepeated && !(await allowance.take())) return 'too many';
  await asTenant(pool, mail.issuerOrgId, (db) => queueMail(db, mail), { readOnly: false });
  return isRepeated ? 'queued before' : 'counted';
};
