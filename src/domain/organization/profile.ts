import { reject } from '../decider.ts';
import { isName, nameRule } from '../names.ts';
import { standingFor } from './authority.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { OrganizationEvent } from './events.ts';
import type { CreatedOrganization, Organization } from './organization.ts';

/** Creates the organization, with its founder as OWNER. A stream that holds one already has this one: ids are made of the command. */
export const create = (
  { data: { organizationId, name, founderId } }: CommandOf<'CreateOrganization'>,
  organization: Organization,
): OrganizationDecision => {
  if (organization.kind === 'created') return [];
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('an organization'));
  const created: OrganizationEvent = { type: 'OrganizationCreated', data: { organizationId, name } };
  if (founderId === null) return [created];
  return [created, { type: 'MemberJoined', data: { userId: founderId, role: 'OWNER', invitationId: null } }];
};

/** Gives the organization another name. */
export const rename = (
  { data: { name }, by, at }: CommandOf<'RenameOrganization'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'CHANGE_PROFILE', at);
  if ('rejected' in standing) return standing;
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('an organization'));
  if (name === organization.name) return [];
  return [{ type: 'OrganizationRenamed', data: { from: organization.name, to: name } }];
};

/** Closes the organization: from then on it refuses everything. Nothing is erased. Closing again changes nothing. */
export const close = (
  { by, at }: CommandOf<'CloseOrganization'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'CLOSE', at);
  if (!('rejected' in standing)) return [{ type: 'OrganizationClosed', data: {} }];
  return standing.rejected === 'ORGANIZATION_CLOSED' ? [] : standing;
};
