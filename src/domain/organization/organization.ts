import type { At } from '../decider.ts';
import { ForkableMap } from '../forkable-map.ts';
import type { Instant } from '../time.ts';
import type { LogAccess, OrganizationEvent, Role, Scope } from './events.ts';

/** The state of an organization stream, on which commands are decided. */
export type Organization = { readonly kind: 'missing' } | CreatedOrganization;

/** A created organization, open or closed. The fold owns it and changes it in place. */
export type CreatedOrganization = {
  readonly kind: 'created';
  readonly organizationId: string;
  name: string;
  timeZone: string;
  readonly createdAt: Instant;
  closedAt: Instant | null;
  logAccess: LogAccess;
  /** By user id. */
  readonly members: ForkableMap<string, Member>;
  /** Former members and when they left, to distinguish a repeated removal from a mistake. */
  readonly formerMembers: ForkableMap<string, Instant>;
  /** Every invitation, also ended ones, by its id. */
  readonly invitations: ForkableMap<string, Invitation>;
  readonly apiKeys: ForkableMap<string, ApiKey>;
  readonly projects: ForkableMap<string, Project>;
  /** The decisions about issuers whose licenses the organization may hold, by the issuer's id. */
  readonly issuers: ForkableMap<string, IssuerDecision>;
};

/** `invitationId` null: the founder. */
export type Member = { readonly role: Role; readonly invitationId: string | null; readonly joinedAt: Instant };

/**
 * A `pending` invitation may have expired: that depends on the clock. An `orphaned` one has lost its sender for good;
 * its withdrawal is not recorded yet.
 */
export type Invitation = {
  readonly emailRef: string;
  readonly role: Role;
  readonly invitedAt: Instant;
  readonly expiresAt: Instant;
  readonly state: 'pending' | 'accepted' | 'withdrawn' | 'orphaned';
  /** The user or API key that invited; null: the program. */
  readonly invitedBy: string | null;
};

export type ApiKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The only products that the key reaches; null: all. */
  readonly products: readonly string[] | null;
  readonly hint: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** The user or API key that created it; null: the program. */
  readonly createdBy: string | null;
  /** The current secret when the key was rotated; null: the secret of its creation. */
  readonly secret: ApiKeySecret | null;
  /** The secret before the last rotation, which works until `overlapUntil`. Null: the key was never rotated. */
  readonly previous: PreviousSecret | null;
};

/** A secret of a rotation. `by`: the user or API key that got it; null: the program. */
export type ApiKeySecret = { readonly ref: string; readonly by: string | null };

/** `secret` null: that of the creation. `overlapUntil` null: it ended with the rotation. */
export type PreviousSecret = {
  readonly hint: string;
  readonly secret: ApiKeySecret | null;
  readonly overlapUntil: Instant | null;
};

/**
 * `TRUSTED`: the organization consents to hold the licenses of the issuer. `BLOCKED`: it sees no offers of the issuer.
 */
export type IssuerDecision = { readonly decision: (typeof issuerDecisions)[number]; readonly decidedAt: Instant };

/** Lists the decisions about an issuer. Without one, the organization decides about each offer. */
export const issuerDecisions = ['TRUSTED', 'BLOCKED'] as const;

/** `archivedAt` null: in use. */
export type Project = {
  readonly name: string;
  readonly metadataRef: string | null;
  readonly createdAt: Instant;
  readonly archivedAt: Instant | null;
};

/** Returns the state of a stream without events. */
export const initial = (): Organization => ({ kind: 'missing' });

/**
 * Returns the organization after one more event, without what follows from it for invitations. Never throws. Takes
 * ownership of `organization` and changes it in place.
 */
export const evolveParts = (organization: Organization, event: OrganizationEvent, at: At): Organization => {
  if (event.type === 'OrganizationCreated') return created(event.data, at);
  return organization.kind === 'missing' ? organization : evolveCreated(organization, event, at);
};

/** Returns an independent copy: evolving one of the two leaves the other as it is. */
export const fork = (organization: Organization): Organization =>
  organization.kind === 'missing'
    ? organization
    : {
        ...organization,
        members: organization.members.fork(),
        formerMembers: organization.formerMembers.fork(),
        invitations: organization.invitations.fork(),
        apiKeys: organization.apiKeys.fork(),
        projects: organization.projects.fork(),
        issuers: organization.issuers.fork(),
      };

/** The access to a log that no event has changed: only the issuer reads it. */
export const privateLog: LogAccess = { logIsPublic: false, holdersGetProofs: false };

type Creation = Extract<OrganizationEvent, { type: 'OrganizationCreated' }>['data'];
type LaterEvent = Exclude<OrganizationEvent, { type: 'OrganizationCreated' }>;

const created = ({ organizationId, name, timeZone = 'UTC' }: Creation, { recordedAt }: At): CreatedOrganization => ({
  kind: 'created',
  organizationId,
  name,
  timeZone,
  createdAt: recordedAt,
  closedAt: null,
  logAccess: privateLog,
  members: new ForkableMap(),
  formerMembers: new ForkableMap(),
  invitations: new ForkableMap(),
  apiKeys: new ForkableMap(),
  projects: new ForkableMap(),
  issuers: new ForkableMap(),
});

// The return type refuses to compile a new type of event without a case.
const evolveCreated = (organization: CreatedOrganization, event: LaterEvent, at: At): CreatedOrganization => {
  const { members, formerMembers, invitations } = organization;
  switch (event.type) {
    case 'OrganizationRenamed':
      organization.name = event.data.to;
      return organization;
    case 'OrganizationTimeZoneChanged':
      organization.timeZone = event.data.to;
      return organization;
    case 'LogAccessChanged':
      organization.logAccess = event.data.to;
      return organization;
    case 'OrganizationClosed':
      organization.closedAt = at.effectiveAt;
      return organization;
    case 'MemberInvited': {
      const { invitationId, emailRef, role, expiresAt, invitedBy = null } = event.data;
      const invitedAt = at.recordedAt;
      invitations.set(invitationId, { emailRef, role, invitedAt, expiresAt, state: 'pending', invitedBy });
      return organization;
    }
    case 'InvitationWithdrawn':
      change(invitations, event.data.invitationId, { state: 'withdrawn' });
      return organization;
    case 'MemberJoined': {
      const { userId, role, invitationId } = event.data;
      members.set(userId, { role, invitationId, joinedAt: at.effectiveAt });
      formerMembers.delete(userId);
      if (invitationId !== null) change(invitations, invitationId, { state: 'accepted' });
      return organization;
    }
    case 'MemberRoleChanged':
      change(members, event.data.userId, { role: event.data.to });
      return organization;
    case 'MemberRemoved':
      members.delete(event.data.userId);
      formerMembers.set(event.data.userId, at.effectiveAt);
      return organization;
    case 'ApiKeyCreated':
    case 'ApiKeyRenamed':
    case 'ApiKeyScopesChanged':
    case 'ApiKeyProductsChanged':
    case 'ApiKeyRotated':
    case 'ApiKeyOverlapEnded':
    case 'ApiKeyRevoked':
      return evolveApiKeys(organization, event, at);
    case 'ProjectCreated':
    case 'ProjectChanged':
    case 'ProjectArchived':
    case 'ProjectRestored':
      return evolveProjects(organization, event, at);
    case 'IssuerTrusted':
    case 'IssuerBlocked':
    case 'IssuerForgotten':
      return evolveIssuers(organization, event, at);
  }
};

type EventOf<Type extends OrganizationEvent['type']> = Extract<OrganizationEvent, { type: Type }>;

const evolveApiKeys = (
  organization: CreatedOrganization,
  event: EventOf<
    | 'ApiKeyCreated'
    | 'ApiKeyRenamed'
    | 'ApiKeyScopesChanged'
    | 'ApiKeyProductsChanged'
    | 'ApiKeyRotated'
    | 'ApiKeyOverlapEnded'
    | 'ApiKeyRevoked'
  >,
  at: At,
): CreatedOrganization => {
  const { apiKeys } = organization;
  switch (event.type) {
    case 'ApiKeyCreated': {
      const { apiKeyId, name, scopes, hint, expiresAt = null, createdBy = null, products = null } = event.data;
      const created = { name, scopes, products, hint, createdAt: at.recordedAt, expiresAt, createdBy };
      apiKeys.set(apiKeyId, { ...created, revokedAt: null, secret: null, previous: null });
      return organization;
    }
    case 'ApiKeyRenamed':
      change(apiKeys, event.data.apiKeyId, { name: event.data.to });
      return organization;
    case 'ApiKeyScopesChanged':
      change(apiKeys, event.data.apiKeyId, { scopes: event.data.to });
      return organization;
    case 'ApiKeyProductsChanged':
      change(apiKeys, event.data.apiKeyId, { products: event.data.to });
      return organization;
    case 'ApiKeyRotated': {
      const { apiKeyId, secretRef, hint, overlapUntil, rotatedBy = null } = event.data;
      const key = apiKeys.get(apiKeyId);
      if (key === undefined) return organization;
      const previous = { hint: key.hint, secret: key.secret, overlapUntil };
      change(apiKeys, apiKeyId, { hint, secret: { ref: secretRef, by: rotatedBy }, previous });
      return organization;
    }
    case 'ApiKeyOverlapEnded': {
      const previous = apiKeys.get(event.data.apiKeyId)?.previous ?? null;
      if (previous !== null) change(apiKeys, event.data.apiKeyId, { previous: { ...previous, overlapUntil: null } });
      return organization;
    }
    case 'ApiKeyRevoked':
      change(apiKeys, event.data.apiKeyId, { revokedAt: at.effectiveAt });
      return organization;
  }
};

const evolveProjects = (
  organization: CreatedOrganization,
  event: EventOf<'ProjectCreated' | 'ProjectChanged' | 'ProjectArchived' | 'ProjectRestored'>,
  at: At,
): CreatedOrganization => {
  const { projects } = organization;
  switch (event.type) {
    case 'ProjectCreated': {
      const { projectId, name, metadataRef } = event.data;
      projects.set(projectId, { name, metadataRef, createdAt: at.recordedAt, archivedAt: null });
      return organization;
    }
    case 'ProjectChanged': {
      const { projectId, name, metadataRef } = event.data;
      change(projects, projectId, { name, metadataRef });
      return organization;
    }
    case 'ProjectArchived':
      change(projects, event.data.projectId, { archivedAt: at.effectiveAt });
      return organization;
    case 'ProjectRestored':
      change(projects, event.data.projectId, { archivedAt: null });
      return organization;
  }
};

const evolveIssuers = (
  organization: CreatedOrganization,
  { type, data: { issuerOrgId } }: EventOf<'IssuerTrusted' | 'IssuerBlocked' | 'IssuerForgotten'>,
  { effectiveAt: decidedAt }: At,
): CreatedOrganization => {
  if (type === 'IssuerForgotten') organization.issuers.delete(issuerOrgId);
  else organization.issuers.set(issuerOrgId, { decision: type === 'IssuerTrusted' ? 'TRUSTED' : 'BLOCKED', decidedAt });
  return organization;
};

const change = <Value extends object>(map: ForkableMap<string, Value>, key: string, changes: Partial<Value>): void => {
  const value = map.get(key);
  if (value !== undefined) map.set(key, { ...value, ...changes });
};
