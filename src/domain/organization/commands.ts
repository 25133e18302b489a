import type { Decision } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { OrganizationEvent, Role, Scope } from './events.ts';
import type { OrganizationLimits } from './organization-limits.ts';

/** Who sends a command. What a user or an API key may do is looked up in the organization's own stream. */
export type Acting =
  | { readonly type: 'USER'; readonly userId: string }
  | { readonly type: 'API_KEY'; readonly apiKeyId: string }
  /** The product itself, for the one who runs it: may do everything that the organization's rules allow. */
  | { readonly type: 'SYSTEM' };

type Command<Type extends string, Data> = {
  readonly type: Type;
  readonly data: Data;
  readonly at: Instant;
  readonly by: Acting;
};

/**
 * Commands of the organization stream. `at` is the server's clock, read once per command. Ids, references and hints arrive
 * ready made; `limits` are what the organization's own license says at that moment.
 */
export type OrganizationCommand =
  /** `founderId`: the user who is its first OWNER; null: it has no members yet. `timeZone` absent: UTC. */
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
  | Command<'CloseOrganization', Record<never, never>>
  /** `userId`: the user who has that e-mail already, if there is one. */
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
  /** `deactivated`: the OWNERs whose login was ended for good; they count for none. */
  | Command<
      'ChangeMemberRole',
      { readonly userId: string; readonly role: Role; readonly deactivated: readonly string[] }
    >
  | Command<'RemoveMember', { readonly userId: string; readonly deactivated: readonly string[] }>
  /** `expiresAt` null: never. */
  | Command<
      'CreateApiKey',
      {
        readonly apiKeyId: string;
        readonly name: string;
        readonly scopes: readonly Scope[];
        readonly hint: string;
        readonly expiresAt: Instant | null;
      }
    >
  /** What is null stays as it is. */
  | Command<
      'ChangeApiKey',
      { readonly apiKeyId: string; readonly name: string | null; readonly scopes: readonly Scope[] | null }
    >
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
  | Command<'RestoreProject', { readonly projectId: string; readonly limits: OrganizationLimits }>;

/** One kind of organization command. */
export type CommandOf<Type extends OrganizationCommand['type']> = Extract<OrganizationCommand, { type: Type }>;

/** Why an organization command is refused; each has its HTTP meaning in src/api/problems.ts. */
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

/** The events of an organization command (none: already so), or why it is refused. */
export type OrganizationDecision = Decision<OrganizationEvent, OrganizationRejection>;
