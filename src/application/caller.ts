import type { LicenseActing } from '../domain/license/license-authority.ts';
import type { Acting } from '../domain/organization/commands.ts';
import type { Role } from '../domain/organization/events.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { ApiKeyIdentity } from '../identity/authenticate.ts';

/** The caller for an organization: one of its members, or one of its API keys. */
export type Caller = ApiKeyIdentity | UserCaller;

/** A signed-in user as a member of the organization that the token names. */
export type UserCaller = {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
  readonly role: Role;
};

/** Returns the id of the user or API key. Idempotency keys are unique within it, and events have it. */
export const principalOf = (caller: Caller): string => (caller.kind === 'user' ? caller.userId : caller.apiKeyId);

/** Returns the actor for events. */
export const actorOf = (caller: Caller): Actor => ({
  type: caller.kind === 'user' ? 'USER' : 'API_KEY',
  id: principalOf(caller),
  onBehalfOf: null,
});

/** Returns the actor as the stream of an organization judges it. */
export const actingOf = (caller: Caller): Acting =>
  caller.kind === 'user' ? { type: 'USER', userId: caller.userId } : { type: 'API_KEY', apiKeyId: caller.apiKeyId };

/** Returns the actor as the stream of a license judges it. */
export const licenseActingOf = (caller: Caller): LicenseActing => ({
  kind: 'organization',
  organizationId: caller.organizationId,
  credential: caller,
});
