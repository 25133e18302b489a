// Events of the organization stream, version 1: add, never rename or repurpose. An organization's own name is no personal data.

export type Scope =
  | 'licenses:read'
  | 'licenses:write'
  | 'licenses:activate'
  | 'catalog:write'
  | 'events:read'
  | 'webhooks:write'
  | 'members:write'
  | 'projects:write';

export type OrganizationEvent =
  | { readonly type: 'OrganizationCreated'; readonly data: { readonly organizationId: string; readonly name: string } }
  /** The secret itself is never in an event; its hash is in `identity.api_keys`. `hint`: its first visible characters. */
  | {
      readonly type: 'ApiKeyCreated';
      readonly data: {
        readonly apiKeyId: string;
        readonly name: string;
        readonly scopes: readonly Scope[];
        readonly hint: string;
      };
    };
