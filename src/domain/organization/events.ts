import type { Instant } from '../time.ts';

// Events of the organization stream, version 1: add, never rename or repurpose. The names of an organization, of its API
// keys and of its projects are no personal data; people are named by user ids, e-mails and free text by references.

/** Lists what an API key may be allowed. */
export const scopes = [
  ...(['licenses:read', 'licenses:write', 'licenses:activate', 'catalog:write'] as const),
  ...(['events:read', 'webhooks:write', 'members:write', 'projects:write'] as const),
] as const;
export type Scope = (typeof scopes)[number];

/** Lists what a member of an organization may be. */
export const roles = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR'] as const;
export type Role = (typeof roles)[number];

type Fact<Type extends string, Data> = { readonly type: Type; readonly data: Data };

export type OrganizationEvent =
  /** `timeZone`: in whose calendar the durations of its licenses are counted, by its IANA name; absent: UTC. */
  | Fact<'OrganizationCreated', { readonly organizationId: string; readonly name: string; readonly timeZone?: string }>
  | Fact<'OrganizationRenamed', { readonly from: string; readonly to: string }>
  | Fact<'OrganizationTimeZoneChanged', { readonly from: string; readonly to: string }>
  | Fact<'OrganizationClosed', Record<never, never>>
  /** `emailRef`: where `vault` holds the address; the address itself is in no event. Open in `[recorded, expiresAt)`. */
  | Fact<
      'MemberInvited',
      { readonly invitationId: string; readonly emailRef: string; readonly role: Role; readonly expiresAt: Instant }
    >
  | Fact<'InvitationWithdrawn', { readonly invitationId: string }>
  /** `invitationId` null: the founder, who comes with the organization. */
  | Fact<'MemberJoined', { readonly userId: string; readonly role: Role; readonly invitationId: string | null }>
  | Fact<'MemberRoleChanged', { readonly userId: string; readonly from: Role; readonly to: Role }>
  /** `role`: what the member was. */
  | Fact<'MemberRemoved', { readonly userId: string; readonly role: Role }>
  /**
   * The secret itself is never in an event; its hash is in `identity.api_keys`. `hint`: its first visible characters.
   * `expiresAt` absent: the key does not expire.
   */
  | Fact<
      'ApiKeyCreated',
      {
        readonly apiKeyId: string;
        readonly name: string;
        readonly scopes: readonly Scope[];
        readonly hint: string;
        readonly expiresAt?: Instant;
      }
    >
  | Fact<'ApiKeyRenamed', { readonly apiKeyId: string; readonly from: string; readonly to: string }>
  | Fact<
      'ApiKeyScopesChanged',
      { readonly apiKeyId: string; readonly from: readonly Scope[]; readonly to: readonly Scope[] }
    >
  | Fact<'ApiKeyRevoked', { readonly apiKeyId: string }>
  /** `metadataRef`: where `vault` holds what a person wrote about the project; null: nothing. */
  | Fact<'ProjectCreated', { readonly projectId: string; readonly name: string; readonly metadataRef: string | null }>
  | Fact<'ProjectChanged', { readonly projectId: string; readonly name: string; readonly metadataRef: string | null }>
  | Fact<'ProjectArchived', { readonly projectId: string }>
  | Fact<'ProjectRestored', { readonly projectId: string }>;
