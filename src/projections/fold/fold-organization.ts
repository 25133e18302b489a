import type { At } from '../../domain/decider.ts';
import type { OrganizationEvent } from '../../domain/organization/events.ts';
import { privateLog } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import type { Decoded } from '../../eventstore/envelope.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { apiKeyRow, apiKeys } from '../tables/api-keys.ts';
import { invitationRow, invitations } from '../tables/invitations.ts';
import { issuerDecisionRow, issuerDecisions } from '../tables/issuer-decisions.ts';
import { membershipRow, memberships } from '../tables/memberships.ts';
import type { FoldedOrganization, Organization } from '../tables/organizations.ts';
import { projectRow, projects } from '../tables/projects.ts';
import type { Row } from '../tables/rows.ts';
import { change, make, type Write } from './changes.ts';

/**
 * Folds one event of an organization. Returns the organization after it, and what the event does to the rows of other
 * tables. Throws when the event does not belong to the stream.
 */
export const foldOrganization = (
  before: Organization | null,
  organizationId: string,
  { event, at }: Decoded<OrganizationEvent>,
  { revision, position }: Recorded,
): { readonly after: FoldedOrganization; readonly writes: readonly Write[] } => {
  const after = organizationAfter(before, event, at);
  if (after === null) throw new Error('the stream does not begin with OrganizationCreated.');
  if (after.organizationId !== organizationId)
    throw new Error(`it creates ${after.organizationId}, which is not the organization of its stream.`);
  return {
    after: { ...after, revision, position: position.commit },
    writes: partWrites(event, at, organizationId, revision),
  };
};

const organizationAfter = (
  before: Organization | null,
  event: OrganizationEvent,
  { recordedAt, effectiveAt }: At,
): Organization | null => {
  if (event.type === 'OrganizationCreated') {
    const { organizationId, name, timeZone = 'UTC' } = event.data;
    return { organizationId, name, timeZone, createdAt: recordedAt, closedAt: null, ...privateLog };
  }
  if (before === null) return null;
  if (event.type === 'OrganizationRenamed') return { ...before, name: event.data.to };
  if (event.type === 'OrganizationTimeZoneChanged') return { ...before, timeZone: event.data.to };
  if (event.type === 'LogAccessChanged') return { ...before, ...event.data.to };
  if (event.type === 'OrganizationClosed') return { ...before, closedAt: effectiveAt };
  return before;
};

// Every case returns, so that a new event without a case does not compile.
const partWrites = (event: OrganizationEvent, at: At, issuer_org_id: string, revision: bigint): readonly Write[] => {
  const { recordedAt, effectiveAt } = at;
  switch (event.type) {
    case 'MemberInvited':
      return [
        make(invitations, invitationRow({ organizationId: issuer_org_id, data: event.data, invitedAt: recordedAt })),
      ];
    case 'InvitationWithdrawn': {
      const { invitationId: invitation_id } = event.data;
      return [change(invitations, { issuer_org_id, invitation_id, withdrawn_at: effectiveAt })];
    }
    case 'MemberJoined': {
      const { invitationId: invitation_id, userId: user_id } = event.data;
      const joined = make(
        memberships,
        membershipRow({ organizationId: issuer_org_id, data: event.data, joinedAt: effectiveAt }),
      );
      if (invitation_id === null) return [joined];
      return [joined, change(invitations, { issuer_org_id, invitation_id, accepted_at: effectiveAt, user_id })];
    }
    case 'MemberRoleChanged':
      return [change(memberships, { issuer_org_id, user_id: event.data.userId, role: event.data.to })];
    case 'MemberRemoved':
      return [change(memberships, { issuer_org_id, user_id: event.data.userId, removed_at: effectiveAt })];
    case 'ApiKeyCreated':
      return [
        make(apiKeys, apiKeyRow({ issuerOrgId: issuer_org_id, data: event.data, createdAt: recordedAt, revision })),
      ];
    case 'ApiKeyRenamed':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, name: event.data.to })];
    case 'ApiKeyScopesChanged':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, scopes: event.data.to })];
    case 'ApiKeyProductsChanged':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, products: event.data.to })];
    case 'ApiKeyRotated':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, ...rotated(event.data) })];
    case 'ApiKeyOverlapEnded':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, overlap_until: null })];
    case 'ApiKeyRevoked':
      return [change(apiKeys, { api_key_id: event.data.apiKeyId, revoked_at: effectiveAt })];
    case 'ProjectCreated':
      return [make(projects, projectRow({ organizationId: issuer_org_id, data: event.data, createdAt: recordedAt }))];
    case 'ProjectChanged': {
      const { projectId: project_id, name, metadataRef: metadata_ref } = event.data;
      return [change(projects, { issuer_org_id, project_id, name, metadata_ref })];
    }
    case 'ProjectArchived':
      return [change(projects, { issuer_org_id, project_id: event.data.projectId, archived_at: effectiveAt })];
    case 'ProjectRestored':
      return [change(projects, { issuer_org_id, project_id: event.data.projectId, archived_at: null })];
    case 'IssuerTrusted':
    case 'IssuerBlocked':
    case 'IssuerForgotten':
      return [make(issuerDecisions, decisionRow(issuer_org_id, event, effectiveAt))];
    case 'OrganizationCreated':
    case 'OrganizationRenamed':
    case 'OrganizationTimeZoneChanged':
    case 'LogAccessChanged':
    case 'OrganizationClosed':
      return [];
  }
};

type Rotation = Extract<OrganizationEvent, { type: 'ApiKeyRotated' }>['data'];

const rotated = ({ secretRef, hint, previous, overlapUntil }: Rotation) => ({
  hint,
  secret_ref: secretRef,
  previous_hint: previous.hint,
  previous_secret_ref: previous.secretRef,
  overlap_until: overlapUntil,
});

type AboutIssuer = Extract<OrganizationEvent, { readonly data: { readonly issuerOrgId: string } }>;

const decisionRow = (organizationId: string, { type, data }: AboutIssuer, decidedAt: Instant): Row => {
  const decision = type === 'IssuerForgotten' ? null : type === 'IssuerTrusted' ? 'TRUSTED' : 'BLOCKED';
  return issuerDecisionRow({ organizationId, decidedOrgId: data.issuerOrgId, decision, decidedAt });
};
