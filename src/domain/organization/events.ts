import type { Instant } from '../time.ts';

// Events of the organization stream, version 1: add, never rename or repurpose. The names of an organization, of its
// API keys and of its projects are not personal data. Events name people by user id, and e-mails and free text by
// reference.

/** Lists what an API key can be allowed to do. */
export const scopes = [
  'licenses:read',
  'licenses:write',
  'licenses:activate',
  'catalog:write',
  'events:read',
  'webhooks:write',
  'members:write',
  'projects:write',
] as const;
export type Scope = (typeof scopes)[number];

/** Lists the roles of a member. */
export const roles = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'GUEST',
  'BILLING',
  'AUDITOR',
  // Since version 2 of the events with a role.
  'SUPPORT',
  'SALES',
  'DEVELOPER',
] as const;
export type Role = (typeof roles)[number];

/**
 * Who else reads the log of an organization. `logIsPublic`: everybody reads its checkpoints, tiles and leaves.
 * `holdersGetProofs`: holders of its licenses get proofs of the events that they see. An index tells how much it records.
 */
export type LogAccess = { readonly logIsPublic: boolean; readonly holdersGetProofs: boolean };

type Event<Type extends string, Data> = { readonly type: Type; readonly data: Data };

export type OrganizationEvent =
  /** `timeZone`: the IANA name of the time zone that counts the durations of its licenses; absent: UTC. */
  | Event<'OrganizationCreated', { readonly organizationId: string; readonly name: string; readonly timeZone?: string }>
  | Event<'OrganizationRenamed', { readonly from: string; readonly to: string }>
  | Event<'OrganizationTimeZoneChanged', { readonly from: string; readonly to: string }>
  | Event<'OrganizationClosed', Record<never, never>>
  | Event<'LogAccessChanged', { readonly from: LogAccess; readonly to: LogAccess }>
  /**
   * `emailRef`: the address in `vault`; no event contains the address itself. Open in `[recorded, expiresAt)`.
   * `invitedBy`: the user or API key that invites; absent: the program.
   */
  | Event<
      'MemberInvited',
      {
        readonly invitationId: string;
        readonly emailRef: string;
        readonly role: Role;
        readonly expiresAt: Instant;
        readonly invitedBy?: string;
      }
    >
  | Event<'InvitationWithdrawn', { readonly invitationId: string }>
  /** `invitationId` null: the founder, who joins with the creation of the organization. */
  | Event<'MemberJoined', { readonly userId: string; readonly role: Role; readonly invitationId: string | null }>
  | Event<'MemberRoleChanged', { readonly userId: string; readonly from: Role; readonly to: Role }>
  /** `role`: the last role of the member. */
  | Event<'MemberRemoved', { readonly userId: string; readonly role: Role }>
  /**
   * No event contains the secret; its hash is in `identity.api_keys`. `hint`: its first visible characters.
   * `expiresAt` absent: the key does not expire. `createdBy`: the user or API key that creates it; absent: the program.
   * `products`: the codes of the only products that the key reaches; absent: all.
   */
  | Event<
      'ApiKeyCreated',
      {
        readonly apiKeyId: string;
        readonly name: string;
        readonly scopes: readonly Scope[];
        readonly hint: string;
        readonly expiresAt?: Instant;
        readonly createdBy?: string;
        readonly products?: readonly string[];
      }
    >
  | Event<'ApiKeyRenamed', { readonly apiKeyId: string; readonly from: string; readonly to: string }>
  | Event<
      'ApiKeyScopesChanged',
      { readonly apiKeyId: string; readonly from: readonly Scope[]; readonly to: readonly Scope[] }
    >
  /** The products that the key reaches; null: all. */
  | Event<
      'ApiKeyProductsChanged',
      { readonly apiKeyId: string; readonly from: readonly string[] | null; readonly to: readonly string[] | null }
    >
  /**
   * A new secret replaces the previous one, which works in `[recorded, overlapUntil)`; null: it ends, too. An older one
   * ends at once. The hash is in `identity.api_key_secrets` under `secretRef`. `hint`: the first visible characters of
   * the new secret. In `previous` a null `secretRef` is the secret of the creation. `rotatedBy`: the user or API key
   * that gets it; absent: the program.
   */
  | Event<
      'ApiKeyRotated',
      {
        readonly apiKeyId: string;
        readonly secretRef: string;
        readonly hint: string;
        readonly previous: { readonly hint: string; readonly secretRef: string | null };
        readonly overlapUntil: Instant | null;
        readonly rotatedBy?: string;
      }
    >
  /** The secret before the last rotation ends before its overlap does. */
  | Event<'ApiKeyOverlapEnded', { readonly apiKeyId: string }>
  | Event<'ApiKeyRevoked', { readonly apiKeyId: string }>
  /** `metadataRef`: the metadata of the project in `vault`; null: it has none. */
  | Event<'ProjectCreated', { readonly projectId: string; readonly name: string; readonly metadataRef: string | null }>
  | Event<'ProjectChanged', { readonly projectId: string; readonly name: string; readonly metadataRef: string | null }>
  | Event<'ProjectArchived', { readonly projectId: string }>
  | Event<'ProjectRestored', { readonly projectId: string }>
  /** The organization consents to hold licenses of this issuer. */
  | Event<'IssuerTrusted', { readonly issuerOrgId: string }>
  /** The organization does not see offers of this issuer. A consent ends. Licenses that it holds stay. */
  | Event<'IssuerBlocked', { readonly issuerOrgId: string }>
  /** The organization decides about each offer of this issuer again. A consent or a block ends. */
  | Event<'IssuerForgotten', { readonly issuerOrgId: string }>;
