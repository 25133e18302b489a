import { type Decider, type Decision, reject } from '../decider.ts';
import type { OrganizationCommand, OrganizationRejection } from './commands.ts';
import type { OrganizationEvent } from './events.ts';
import { evolve, fork, initial, type Organization } from './organization.ts';

type OrganizationDecision = Decision<OrganizationEvent, OrganizationRejection>;

/** Decides one command on an organization: what it makes true, nothing when it is so already, or the reason to refuse it. */
const decide = ({ type, data }: OrganizationCommand, organization: Organization): OrganizationDecision => {
  switch (type) {
    case 'CreateOrganization':
      if (organization.kind === 'created') return [];
      if (!isName(data.name)) return reject('INVALID_REQUEST', nameRule('organization'));
      return [{ type: 'OrganizationCreated', data: { organizationId: data.organizationId, name: data.name } }];
    case 'CreateApiKey': {
      const { apiKeyId, name, scopes, hint } = data;
      if (organization.kind === 'missing') return reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
      if (organization.apiKeyIds.has(apiKeyId)) return [];
      if (!isName(name)) return reject('INVALID_REQUEST', nameRule('API key'));
      if (scopes.length === 0) return reject('INVALID_REQUEST', 'An API key must have at least one scope.');
      return [{ type: 'ApiKeyCreated', data: { apiKeyId, name, scopes: [...new Set(scopes)], hint } }];
    }
  }
};

/** The organization stream: who the organization is, and the API keys that act for it. */
export const organizationDecider: Decider<OrganizationCommand, OrganizationEvent, Organization, OrganizationRejection> =
  { initial, decide, evolve, fork };

const nameMax = 200;

const isName = (name: string): boolean => name.trim().length > 0 && name.length <= nameMax;

const nameRule = (named: string): string => `The name of an ${named} must have 1 to ${nameMax} characters.`;
