import type { At } from '../domain/decider.ts';
import type { OrganizationEvent } from '../domain/organization/events.ts';
import type { Decoded } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { type ApiKeyChange, apiKeyRow } from './api-keys.ts';
import type { FoldedOrganization, Organization } from './organizations.ts';
import type { Row } from './rows.ts';

/** What a batch changes of organizations and their API keys. */
export type OrganizationChanges = {
  readonly organizations: Map<string, FoldedOrganization>;
  /** Keys that were created in the batch. */
  readonly apiKeys: Map<string, Row>;
  /** Changes of keys that were created before it. */
  readonly apiKeyChanges: Map<string, ApiKeyChange>;
};

/** Brings one event of the organization `organizationId` into `changes`; `before` is the organization as it was. */
export const foldOrganization = (
  changes: OrganizationChanges,
  before: Organization | undefined,
  organizationId: string,
  { event, at }: Decoded<OrganizationEvent>,
  { revision, position }: Recorded,
): void => {
  const after = organizationAfter(before, organizationId, event, at);
  if (after === null) throw new Error('the stream does not begin with OrganizationCreated.');
  changes.organizations.set(organizationId, { ...after, revision, position: position.commit });

  const change = (apiKeyId: string, changed: Omit<ApiKeyChange, 'api_key_id'>): void => {
    const created = changes.apiKeys.get(apiKeyId);
    if (created !== undefined) changes.apiKeys.set(apiKeyId, { ...created, ...changed });
    else
      changes.apiKeyChanges.set(apiKeyId, { ...changes.apiKeyChanges.get(apiKeyId), ...changed, api_key_id: apiKeyId });
  };
  if (event.type === 'ApiKeyCreated') {
    changes.apiKeys.set(event.data.apiKeyId, apiKeyRow(organizationId, event.data, at.recordedAt, revision));
  }
  if (event.type === 'ApiKeyRenamed') change(event.data.apiKeyId, { name: event.data.to });
  if (event.type === 'ApiKeyScopesChanged') change(event.data.apiKeyId, { scopes: event.data.to });
  if (event.type === 'ApiKeyRevoked') change(event.data.apiKeyId, { revoked_at: at.effectiveAt });
};

// The one return is what makes a new event without a case fail to compile. Members, invitations and projects have no read
// model yet.
const organizationAfter = (
  before: Organization | undefined,
  organizationId: string,
  event: OrganizationEvent,
  { recordedAt, effectiveAt }: At,
): Organization | null => {
  if (event.type === 'OrganizationCreated')
    return { organizationId, name: event.data.name, createdAt: recordedAt, closedAt: null };
  if (before === undefined) return null;
  switch (event.type) {
    case 'OrganizationRenamed':
      return { ...before, name: event.data.to };
    case 'OrganizationClosed':
      return { ...before, closedAt: effectiveAt };
    case 'MemberInvited':
    case 'InvitationWithdrawn':
    case 'MemberJoined':
    case 'MemberRoleChanged':
    case 'MemberRemoved':
    case 'ApiKeyCreated':
    case 'ApiKeyRenamed':
    case 'ApiKeyScopesChanged':
    case 'ApiKeyRevoked':
    case 'ProjectCreated':
    case 'ProjectChanged':
    case 'ProjectArchived':
    case 'ProjectRestored':
      return before;
  }
};
