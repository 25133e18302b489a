import type { LicenseActing } from '../domain/license/license-authority.ts';
import type { Acting } from '../domain/organization/commands.ts';
import type { Role } from '../domain/organization/events.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { ApiKeyIdentity } from '../identity/authenticate.ts';

/** Who calls for an organization: one of its members, or one of its API keys. */
export type Caller = ApiKeyIdentity | UserCaller;

/** A signed-in user as a member of the organization that the token names. */
export type UserCaller = {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  readonly organizationId: string;
  readonly role: Role;
};

/** Returns the id that idempotency keys are unique within, and that stands in events: of the user or of the API key. */
export const principalOf = (caller: Caller): string => (caller.kind === 'user' ? caller.userId : caller.apiKeyId);

/** Returns who acted, as events say it. */
export const actorOf = (caller: Caller): Actor => ({
  type: caller.kind === 'user' ? 'USER' : 'API_KEY',
  id: principalOf(caller),
  onBehalfOf: null,
});

/** Returns who acts, as the organization's own stream judges it. */
export const actingOf = (caller: Caller): Acting =>
  caller.kind === 'user' ? { type: 'USER', userId: caller.userId } : { type: 'API_KEY', apiKeyId: caller.apiKeyId };

/** Returns who acts, as the stream of a license judges it. */
export const licenseActingOf = (caller: Caller): LicenseActing => ({
  kind: 'organization',
  organizationId: caller.organizationId,
  credential: caller,
});
