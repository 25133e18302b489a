import { type Rejection, reject } from '../decider.ts';
import { isName, nameRule } from '../names.ts';
import { isTimeZone } from '../time-zone.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { OrganizationEvent } from './events.ts';
import type { CreatedOrganization, Organization } from './organization.ts';
import { standingFor } from './organization-authority.ts';

/**
 * Creates the organization, with its founder as OWNER. Changes nothing when it exists: the id comes from the command,
 * so a stream with an organization has this one.
 */
export const create = (
  { data: { organizationId, name, founderId, timeZone } }: CommandOf<'CreateOrganization'>,
  organization: Organization,
): OrganizationDecision => {
  if (organization.kind === 'created') return [];
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('an organization'));
  if (timeZone !== undefined && !isTimeZone(timeZone)) return noTimeZone(timeZone);
  const zone = timeZone === undefined ? {} : { timeZone };
  const created: OrganizationEvent = { type: 'OrganizationCreated', data: { organizationId, name, ...zone } };
  if (founderId === null) return [created];
  return [created, { type: 'MemberJoined', data: { userId: founderId, role: 'OWNER', invitationId: null } }];
};

/** Renames the organization. */
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

/** Changes the time zone that counts the durations of licenses issued from now on. */
export const changeTimeZone = (
  { data: { timeZone }, by, at }: CommandOf<'ChangeOrganizationTimeZone'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'CHANGE_PROFILE', at);
  if ('rejected' in standing) return standing;
  if (!isTimeZone(timeZone)) return noTimeZone(timeZone);
  if (timeZone === organization.timeZone) return [];
  return [{ type: 'OrganizationTimeZoneChanged', data: { from: organization.timeZone, to: timeZone } }];
};

/** Changes who else reads the log of the organization. Changes nothing when all is so already. */
export const changeLogAccess = (
  { data, by, at }: CommandOf<'ChangeLogAccess'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'CHANGE_PROFILE', at);
  if ('rejected' in standing) return standing;
  const from = organization.logAccess;
  const { logIsPublic = from.logIsPublic, holdersGetProofs = from.holdersGetProofs } = data;
  if (logIsPublic === from.logIsPublic && holdersGetProofs === from.holdersGetProofs) return [];
  return [{ type: 'LogAccessChanged', data: { from, to: { logIsPublic, holdersGetProofs } } }];
};

/** Closes the organization, which then refuses every command. Erases nothing. Changes nothing when it is closed. */
export const close = (
  { by, at }: CommandOf<'CloseOrganization'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'CLOSE', at);
  if (!('rejected' in standing)) return [{ type: 'OrganizationClosed', data: {} }];
  return standing.rejected === 'ORGANIZATION_CLOSED' ? [] : standing;
};

const noTimeZone = (name: string): Rejection<'INVALID_REQUEST'> =>
  reject('INVALID_REQUEST', `${JSON.stringify(name)} is not a time zone; give an IANA name like Europe/Berlin.`);
