import type { Decision } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { LogAccess, OrganizationEvent, Role, Scope } from './events.ts';
import type { OrganizationLimits } from './organization-limits.ts';

/** The sender of a command. The organization's own stream says what a user or an API key may do. */
export type Acting =
  | { readonly type: 'USER'; readonly userId: string }
  | { readonly type: 'API_KEY'; readonly apiKeyId: string }
  /** The product itself, for its operator. It may do everything that the rules of the organization allow. */
  | { readonly type: 'SYSTEM' };

type Command<Type extends string, Data> = {
  readonly type: Type;
  readonly data: Data;
  readonly at: Instant;
  readonly by: Acting;
};

/**
 * Commands of the organization stream. `at` is the server's clock, read once per command. The caller creates ids,
 * references and hints. `limits` are the current limits of the organization's own license.
 */
export type OrganizationCommand =
  /** `founderId`: the first OWNER; null: the organization has no members yet. `timeZone` absent: UTC. */
  | Command<
      'CreateOrganization',
      {
        readonly organizationId: string;
        readonly name: string;
        readonly founderId: string | null;
        readonly timeZone?: string;
      }
    >
  | Command<'RenameOrganization', { readonly name: string }>
  | Command<'ChangeOrganizationTimeZone', { readonly timeZone: string }>
  /** Absent members stay as they are. */
  | Command<'ChangeLogAccess', Partial<LogAccess>>
  | Command<'CloseOrganization', Record<never, never>>
  /** `userId`: the user with this e-mail, if there is one. */
  | Command<
      'InviteMember',
      {
        readonly invitationId: string;
        readonly emailRef: string;
        readonly userId: string | null;
        readonly role: Role;
        readonly expiresAt: Instant;
        readonly limits: OrganizationLimits;
      }
    >
  | Command<'WithdrawInvitation', { readonly invitationId: string }>
  | Command<
      'AcceptInvitation',
      { readonly invitationId: string; readonly userId: string; readonly limits: OrganizationLimits }
    >
  /** `deactivated`: OWNERs who can no longer sign in; they do not count as OWNERs. */
  | Command<
      'ChangeMemberRole',
      { readonly userId: string; readonly role: Role; readonly deactivated: readonly string[] }
    >
  /** `revokeKeys` true: revokes the API keys that the member created, too. */
  | Command<
      'RemoveMember',
      { readonly userId: string; readonly deactivated: readonly string[]; readonly revokeKeys?: boolean }
    >
  /** `expiresAt` null: the key does not expire. `products` null or absent: it reaches all. */
  | Command<
      'CreateApiKey',
      {
        readonly apiKeyId: string;
        readonly name: string;
        readonly scopes: readonly Scope[];
        readonly hint: string;
        readonly expiresAt: Instant | null;
        readonly products?: readonly string[] | null;
      }
    >
  /** Null in `name` or `scopes`, and absent `products`, keep the current value. `products` null: all. */
  | Command<
      'ChangeApiKey',
      {
        readonly apiKeyId: string;
        readonly name: string | null;
        readonly scopes: readonly Scope[] | null;
        readonly products?: readonly string[] | null;
      }
    >
  /** The previous secret works for another `overlapSeconds`. */
  | Command<
      'RotateApiKey',
      {
        readonly apiKeyId: string;
        readonly secretRef: string;
        readonly hint: string;
        readonly overlapSeconds: number;
      }
    >
  /** Ends the previous secret before its overlap does. */
  | Command<'EndApiKeyOverlap', { readonly apiKeyId: string }>
  | Command<'RevokeApiKey', { readonly apiKeyId: string }>
  | Command<
      'CreateProject',
      {
        readonly projectId: string;
        readonly name: string;
        readonly metadataRef: string | null;
        readonly limits: OrganizationLimits;
      }
    >
  | Command<'ChangeProject', { readonly projectId: string; readonly name: string; readonly metadataRef: string | null }>
  | Command<'ArchiveProject', { readonly projectId: string }>
  | Command<'RestoreProject', { readonly projectId: string; readonly limits: OrganizationLimits }>
  /** `accepting` true: the consent follows from accepting an offer, so a block stays. */
  | Command<'TrustIssuer', { readonly issuerOrgId: string; readonly accepting?: boolean }>
  | Command<'BlockIssuer', { readonly issuerOrgId: string }>
  | Command<'ForgetIssuer', { readonly issuerOrgId: string }>;

/** The organization command of this type. */
export type CommandOf<Type extends OrganizationCommand['type']> = Extract<OrganizationCommand, { type: Type }>;

/** Why an organization command is refused. `src/api/problems/problems.ts` has the HTTP meaning of each. */
export type OrganizationRejection =
  | 'ORGANIZATION_NOT_FOUND'
  | 'ORGANIZATION_CLOSED'
  | 'FORBIDDEN'
  | 'INVALID_REQUEST'
  | 'TERM_INVALID'
  | 'NOT_FOUND'
  | 'ALREADY_MEMBER'
  | 'LAST_OWNER'
  | 'USER_LIMIT_EXCEEDED'
  | 'PROJECT_LIMIT_EXCEEDED'
  | 'QUOTA_EXCEEDED'
  | 'ARCHIVED';

/** The events of an organization command (none: it changes nothing), or why it is refused. */
export type OrganizationDecision = Decision<OrganizationEvent, OrganizationRejection>;
