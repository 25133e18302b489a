import { reject } from '../decider.ts';
import { isName, nameRule } from '../names.ts';
import { type Instant, isInstant } from '../time.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { OrganizationEvent, Scope } from './events.ts';
import type { CreatedOrganization } from './organization.ts';
import {
  isInForce,
  refuseEnd,
  refuseScopes,
  refuseStrongerKey,
  refuseWidening,
  senderOf,
  standingFor,
} from './organization-authority.ts';
import { fixedLimits } from './organization-limits.ts';

/** Creates a key that acts for the organization: records its name, scopes and end, never its secret. */
export const createApiKey = (
  { data: { apiKeyId, name, scopes, hint, expiresAt }, by, at }: CommandOf<'CreateApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const refusal = refuseScopes(standing, scopes) ?? refuseEnd(standing, expiresAt);
  if (refusal !== null) return refusal;
  if (organization.apiKeys.has(apiKeyId)) return [];
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('an API key'));
  if (scopes.length === 0) return noScope();
  if (expiresAt !== null && (!isInstant(expiresAt) || expiresAt <= at))
    return reject('TERM_INVALID', `An API key must end in the future; ${expiresAt} does not.`);
  if (keysInForce(organization, at) >= fixedLimits.apiKeys)
    return reject(
      'QUOTA_EXCEEDED',
      `An organization has at most ${fixedLimits.apiKeys} API keys in force. Revoke one.`,
    );
  const createdBy = senderOf(by);
  const end = expiresAt === null ? {} : { expiresAt };
  const creator = createdBy === null ? {} : { createdBy };
  return [{ type: 'ApiKeyCreated', data: { apiKeyId, name, scopes: [...new Set(scopes)], hint, ...end, ...creator } }];
};

/** Changes the name or the scopes of a key. Refuses to change a revoked key. */
export const changeApiKey = (
  { data: { apiKeyId, name, scopes }, by, at }: CommandOf<'ChangeApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined || key.revokedAt !== null) return noKey();
  const wider = scopes ?? [];
  const refusal =
    refuseScopes(standing, wider) ?? refuseStrongerKey(standing, key) ?? refuseWidening(standing, key, wider);
  if (refusal !== null) return refusal;
  if (name !== null && !isName(name)) return reject('INVALID_REQUEST', nameRule('an API key'));
  if (scopes?.length === 0) return noScope();

  const events: OrganizationEvent[] = [];
  if (name !== null && name !== key.name)
    events.push({ type: 'ApiKeyRenamed', data: { apiKeyId, from: key.name, to: name } });
  if (scopes !== null && !areSame(scopes, key.scopes))
    events.push({ type: 'ApiKeyScopesChanged', data: { apiKeyId, from: key.scopes, to: [...new Set(scopes)] } });
  return events;
};

/** Revokes a key for ever. Changes nothing when it is revoked. */
export const revokeApiKey = (
  { data: { apiKeyId }, by, at }: CommandOf<'RevokeApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined) return noKey();
  const refusal = refuseStrongerKey(standing, key);
  if (refusal !== null) return refusal;
  return key.revokedAt === null ? [{ type: 'ApiKeyRevoked', data: { apiKeyId } }] : [];
};

/** Returns the keys that a user created, and those that such keys created, oldest first. Ended ones are included. */
export const keysCreatedBy = ({ apiKeys }: CreatedOrganization, userId: string): readonly string[] => {
  const creators = new Set([userId]);
  // A key is created after its creator, and the map has them in this order.
  for (const [apiKeyId, { createdBy }] of apiKeys)
    if (createdBy !== null && creators.has(createdBy)) creators.add(apiKeyId);
  creators.delete(userId);
  return [...creators];
};

const keysInForce = ({ apiKeys }: CreatedOrganization, at: Instant): number =>
  [...apiKeys.values()].filter((key) => isInForce(key, at)).length;

const areSame = (some: readonly Scope[], others: readonly Scope[]): boolean =>
  some.every((scope) => others.includes(scope)) && others.every((scope) => some.includes(scope));

const noKey = () => reject('NOT_FOUND', 'This organization has no such API key in force.');

const noScope = () => reject('INVALID_REQUEST', 'An API key must have at least one scope.');
