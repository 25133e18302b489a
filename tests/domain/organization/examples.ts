import { type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { Acting, CommandOf, OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import type { LogAccess, OrganizationEvent, Role, Scope } from '../../../src/domain/organization/events.ts';
import { noLimits, type OrganizationLimits } from '../../../src/domain/organization/organization-limits.ts';
import { scenarios } from '../../support/scenario.ts';

// The example organization: Demo Vendor, founded by Ada. By default things happen at noon, and Ada sends the commands.

export type Event<Type extends OrganizationEvent['type']> = Extract<OrganizationEvent, { type: Type }>;

export const given = scenarios(organizationDecider);

export const noon = '2026-01-01T12:00:00.000Z';
export const later = '2026-01-01T12:00:01.000Z';
export const nextWeek = '2026-01-08T12:00:00.000Z';

export const user = (userId: string): Acting => ({ type: 'USER', userId });
export const key = (apiKeyId: string): Acting => ({ type: 'API_KEY', apiKeyId });
export const system: Acting = { type: 'SYSTEM' };
export const ada = user('ada');

export const on = (event: OrganizationEvent, at = noon): Stamped<OrganizationEvent> => stamp(event, at);

export const createdEvent: OrganizationEvent = {
  type: 'OrganizationCreated',
  data: { organizationId: 'org_1', name: 'Demo Vendor' },
};
export const joinedEvent = (userId: string, role: Role, invitationId: string | null = null): OrganizationEvent => ({
  type: 'MemberJoined',
  data: { userId, role, invitationId },
});
export const removedEvent = (userId: string, role: Role): OrganizationEvent => ({
  type: 'MemberRemoved',
  data: { userId, role },
});
export const roleChangedEvent = (userId: string, from: Role, to: Role): OrganizationEvent => ({
  type: 'MemberRoleChanged',
  data: { userId, from, to },
});
export const emailRef = 'ref_01h455vb4pex5vsknk084sn02q';
export const invitedEvent = (
  invitationId: string,
  role: Role = 'MEMBER',
  expiresAt = nextWeek,
  invitedBy: string | null = 'ada',
): OrganizationEvent => ({
  type: 'MemberInvited',
  data: { invitationId, emailRef, role, expiresAt, ...(invitedBy === null ? {} : { invitedBy }) },
});
export const withdrawnEvent = (invitationId: string): OrganizationEvent => ({
  type: 'InvitationWithdrawn',
  data: { invitationId },
});
export const keyCreatedEvent = (
  scopes: readonly Scope[] = ['licenses:read'],
  apiKeyId = 'key_1',
  createdBy: string | null = 'ada',
): OrganizationEvent => ({
  type: 'ApiKeyCreated',
  data: { apiKeyId, name: 'ci', scopes, hint: 'lgr_live_ab', ...(createdBy === null ? {} : { createdBy }) },
});
export const secretRef = (name: string): string => `ref_01h455vb4pex5vsknk084sn0${name}`;
/** Returns the rotation of key_1 by Ada with an overlap of a day, from the secret of its creation. */
export const keyRotatedEvent = (
  changed: Partial<Event<'ApiKeyRotated'>['data']> = {},
): Extract<OrganizationEvent, { type: 'ApiKeyRotated' }> => {
  const previous = { hint: 'lgr_live_ab', secretRef: null };
  const usual = { apiKeyId: 'key_1', secretRef: secretRef('2a'), hint: 'lgr_live_cd', previous, rotatedBy: 'ada' };
  return { type: 'ApiKeyRotated', data: { ...usual, overlapUntil: '2026-01-02T12:00:00.000Z', ...changed } };
};
export const overlapEndedEvent: OrganizationEvent = { type: 'ApiKeyOverlapEnded', data: { apiKeyId: 'key_1' } };
export const keyRevokedEvent: OrganizationEvent = { type: 'ApiKeyRevoked', data: { apiKeyId: 'key_1' } };
export const projectEvent = (projectId: string, name = 'Atlas'): OrganizationEvent => ({
  type: 'ProjectCreated',
  data: { projectId, name, metadataRef: null },
});
export const archivedEvent = (projectId: string): OrganizationEvent => ({
  type: 'ProjectArchived',
  data: { projectId },
});
export const closedEvent: OrganizationEvent = { type: 'OrganizationClosed', data: {} };

/** Returns the history of an organization with its founder and other members, by role. */
export const organization = (others: Readonly<Record<string, Role>> = {}): readonly Stamped<OrganizationEvent>[] => [
  on(createdEvent),
  on(joinedEvent('ada', 'OWNER')),
  ...Object.entries(others).map(([userId, role]) => on(joinedEvent(userId, role))),
];

/** Returns the history of an organization without members, with one API key. */
export const withKey = (...scopes: readonly Scope[]): readonly Stamped<OrganizationEvent>[] => [
  on(createdEvent),
  on(keyCreatedEvent(scopes)),
];

type Settings = { readonly by?: Acting; readonly at?: string };
const command = <Type extends OrganizationCommand['type']>(
  type: Type,
  data: CommandOf<Type>['data'],
  { by = ada, at = noon }: Settings,
) => ({ type, data, by, at });

export const create = (name = 'Demo Vendor', founderId: string | null = null, timeZone?: string) => {
  const zone = timeZone === undefined ? {} : { timeZone };
  return command('CreateOrganization', { organizationId: 'org_1', name, founderId, ...zone }, { by: system });
};
export const rename = (name: string, settings: Settings = {}) => command('RenameOrganization', { name }, settings);
export const changeZone = (timeZone: string, settings: Settings = {}) =>
  command('ChangeOrganizationTimeZone', { timeZone }, settings);
export const changeLogAccess = (access: Partial<LogAccess>, settings: Settings = {}) =>
  command('ChangeLogAccess', access, settings);
export const close = (settings: Settings = {}) => command('CloseOrganization', {}, settings);
export const invite = (changed: Partial<CommandOf<'InviteMember'>['data']> = {}, settings: Settings = {}) => {
  const usual = { invitationId: 'inv_1', emailRef, userId: null, role: 'MEMBER', expiresAt: nextWeek } as const;
  return command('InviteMember', { ...usual, limits: noLimits, ...changed }, settings);
};
export const withdraw = (invitationId = 'inv_1', settings: Settings = {}) =>
  command('WithdrawInvitation', { invitationId }, settings);
export const accept = (
  userId: string,
  invitationId = 'inv_1',
  { limits = noLimits, ...settings }: Settings & { readonly limits?: OrganizationLimits } = {},
) => command('AcceptInvitation', { invitationId, userId, limits }, { by: user(userId), ...settings });
type MemberSettings = Settings & { readonly deactivated?: readonly string[] };
export const changeRole = (userId: string, role: Role, { deactivated = [], ...settings }: MemberSettings = {}) =>
  command('ChangeMemberRole', { userId, role, deactivated }, settings);
export const remove = (userId: string, { deactivated = [], ...settings }: MemberSettings = {}) =>
  command('RemoveMember', { userId, deactivated }, settings);
export const createKey = (changed: Partial<CommandOf<'CreateApiKey'>['data']> = {}, settings: Settings = {}) => {
  const usual = { apiKeyId: 'key_1', name: 'ci', scopes: ['licenses:read'], hint: 'lgr_live_ab' } as const;
  return command('CreateApiKey', { ...usual, expiresAt: null, ...changed }, settings);
};
export const changeKey = (changed: Partial<CommandOf<'ChangeApiKey'>['data']>, settings: Settings = {}) =>
  command('ChangeApiKey', { apiKeyId: 'key_1', name: null, scopes: null, ...changed }, settings);
export const rotateKey = (changed: Partial<CommandOf<'RotateApiKey'>['data']> = {}, settings: Settings = {}) => {
  const usual = { apiKeyId: 'key_1', secretRef: secretRef('2a'), hint: 'lgr_live_cd', overlapSeconds: 86_400 };
  return command('RotateApiKey', { ...usual, ...changed }, settings);
};
export const endOverlap = (apiKeyId = 'key_1', settings: Settings = {}) =>
  command('EndApiKeyOverlap', { apiKeyId }, settings);
export const revokeKey = (apiKeyId = 'key_1', settings: Settings = {}) =>
  command('RevokeApiKey', { apiKeyId }, settings);
export const createProject = (changed: Partial<CommandOf<'CreateProject'>['data']> = {}, settings: Settings = {}) => {
  const usual = { projectId: 'prj_1', name: 'Atlas', metadataRef: null, limits: noLimits };
  return command('CreateProject', { ...usual, ...changed }, settings);
};
export const changeProject = (changed: Partial<CommandOf<'ChangeProject'>['data']> = {}, settings: Settings = {}) =>
  command('ChangeProject', { projectId: 'prj_1', name: 'Atlas', metadataRef: null, ...changed }, settings);
export const trustIssuer = (issuerOrgId = 'org_v', settings: Settings = {}) =>
  command('TrustIssuer', { issuerOrgId }, settings);
export const acceptFrom = (issuerOrgId = 'org_v', settings: Settings = {}) =>
  command('TrustIssuer', { issuerOrgId, accepting: true }, settings);
export const blockIssuer = (issuerOrgId = 'org_v', settings: Settings = {}) =>
  command('BlockIssuer', { issuerOrgId }, settings);
export const forgetIssuer = (issuerOrgId = 'org_v', settings: Settings = {}) =>
  command('ForgetIssuer', { issuerOrgId }, settings);
export const archiveProject = (projectId = 'prj_1', settings: Settings = {}) =>
  command('ArchiveProject', { projectId }, settings);
export const restoreProject = (
  projectId = 'prj_1',
  { limits = noLimits, ...settings }: Settings & { readonly limits?: OrganizationLimits } = {},
) => command('RestoreProject', { projectId, limits }, settings);

/** Returns one command of each type except creation, from an actor who may send it. */
export const oneOfEach = (settings: Settings = {}): readonly OrganizationCommand[] => [
  rename('Other', settings),
  changeZone('Europe/Berlin', settings),
  changeLogAccess({ logIsPublic: true }, settings),
  close(settings),
  invite({ invitationId: 'inv_new' }, settings),
  withdraw('inv_1', settings),
  accept('grace', 'inv_1', settings),
  changeRole('ada', 'ADMIN', settings),
  remove('ada', settings),
  createKey({ apiKeyId: 'key_new' }, settings),
  changeKey({ name: 'other' }, settings),
  rotateKey({}, settings),
  revokeKey('key_1', settings),
  createProject({ projectId: 'prj_new' }, settings),
  changeProject({ name: 'other' }, settings),
  trustIssuer('org_v', settings),
  blockIssuer('org_v', settings),
  forgetIssuer('org_v', settings),
  archiveProject('prj_1', settings),
  restoreProject('prj_1', settings),
];
