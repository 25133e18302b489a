import { type Decider, isRejection, reject, stamp } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { OrganizationCommand, OrganizationDecision, OrganizationRejection } from './commands.ts';
import { changeApiKey, createApiKey, endApiKeyOverlap, revokeApiKey, rotateApiKey } from './decide-api-keys.ts';
import { acceptInvitation, invite, withdrawInvitation, withdrawOrphans } from './decide-invitations.ts';
import { blockIssuer, forgetIssuer, trustIssuer } from './decide-issuers.ts';
import { changeRole, removeMember } from './decide-members.ts';
import { changeLogAccess, changeTimeZone, close, create, rename } from './decide-profile.ts';
import { archiveProject, changeProject, createProject, restoreProject } from './decide-projects.ts';
import type { OrganizationEvent } from './events.ts';
import { evolve, takesRights } from './evolve-organization.ts';
import { type CreatedOrganization, fork, initial, type Organization } from './organization.ts';

/**
 * Decides one command on an organization. Returns its events, none when it changes nothing, or the reason to refuse
 * it.
 */
const decide = (command: OrganizationCommand, organization: Organization): OrganizationDecision => {
  if (command.type === 'CreateOrganization') return create(command, organization);
  if (organization.kind === 'missing') return reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
  const decision = decideOn(command, organization);
  if (isRejection(decision) || !decision.some(({ type }) => isAboutAccess.has(type))) return decision;
  return [...decision, ...withdrawOrphans(after(organization, decision, command.at), command.at)];
};

// After these a decision withdraws invitations, also those that were too many for an earlier one.
const isAboutAccess: ReadonlySet<OrganizationEvent['type']> = new Set([
  ...takesRights,
  'MemberInvited',
  'InvitationWithdrawn',
]);

const after = (
  organization: CreatedOrganization,
  events: readonly OrganizationEvent[],
  at: Instant,
): CreatedOrganization => {
  let state: Organization = fork(organization);
  for (const event of events) state = evolve(state, event, stamp(event, at).at);
  return state as CreatedOrganization;
};

type Later = Exclude<OrganizationCommand, { type: 'CreateOrganization' }>;

const decideOn = (command: Later, organization: CreatedOrganization): OrganizationDecision => {
  switch (command.type) {
    case 'RenameOrganization':
      return rename(command, organization);
    case 'ChangeOrganizationTimeZone':
      return changeTimeZone(command, organization);
    case 'ChangeLogAccess':
      return changeLogAccess(command, organization);
    case 'CloseOrganization':
      return close(command, organization);
    case 'InviteMember':
      return invite(command, organization);
    case 'WithdrawInvitation':
      return withdrawInvitation(command, organization);
    case 'AcceptInvitation':
      return acceptInvitation(command, organization);
    case 'ChangeMemberRole':
      return changeRole(command, organization);
    case 'RemoveMember':
      return removeMember(command, organization);
    case 'CreateApiKey':
      return createApiKey(command, organization);
    case 'ChangeApiKey':
      return changeApiKey(command, organization);
    case 'RotateApiKey':
      return rotateApiKey(command, organization);
    case 'EndApiKeyOverlap':
      return endApiKeyOverlap(command, organization);
    case 'RevokeApiKey':
      return revokeApiKey(command, organization);
    case 'CreateProject':
      return createProject(command, organization);
    case 'ChangeProject':
      return changeProject(command, organization);
    case 'ArchiveProject':
      return archiveProject(command, organization);
    case 'RestoreProject':
      return restoreProject(command, organization);
    case 'TrustIssuer':
      return trustIssuer(command, organization);
    case 'BlockIssuer':
      return blockIssuer(command, organization);
    case 'ForgetIssuer':
      return forgetIssuer(command, organization);
  }
};

/** Decides and folds the organization stream: its profile, members with their roles, API keys and projects. */
export const organizationDecider: Decider<OrganizationCommand, OrganizationEvent, Organization, OrganizationRejection> =
  { initial, decide, evolve, fork };
