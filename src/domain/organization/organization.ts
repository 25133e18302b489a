import type { OrganizationEvent } from './events.ts';

/** The state of an organization stream that decisions are made on. */
export type Organization =
  | { readonly kind: 'missing' }
  | { readonly kind: 'created'; readonly organizationId: string; readonly apiKeyIds: Set<string> };

/** A stream without events. */
export const initial = (): Organization => ({ kind: 'missing' });

/** The organization after one more event. Total; takes ownership of `organization` and changes its set in place. */
export const evolve = (organization: Organization, event: OrganizationEvent): Organization => {
  switch (event.type) {
    case 'OrganizationCreated':
      return { kind: 'created', organizationId: event.data.organizationId, apiKeyIds: new Set() };
    case 'ApiKeyCreated':
      if (organization.kind === 'created') organization.apiKeyIds.add(event.data.apiKeyId);
      return organization;
  }
};

/** An independent copy: evolving one of the two leaves the other as it is. */
export const fork = (organization: Organization): Organization =>
  organization.kind === 'missing' ? organization : { ...organization, apiKeyIds: new Set(organization.apiKeyIds) };
