import { reject } from '../decider.ts';
import { isName, nameRule } from '../names.ts';
import { fromMs, type Instant, isInstant, toMs } from '../time.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { OrganizationEvent } from './events.ts';
import type { ApiKey, CreatedOrganization } from './organization.ts';
import {
  isInForce,
  noSuchKey,
  refuseEnd,
  refuseProducts,
  refuseScopes,
  refuseStrongerKey,
  refuseWidening,
  senderOf,
  standingFor,
} from './organization-authority.ts';
import { fixedLimits } from './organization-limits.ts';

/** Creates a key that acts for the organization: records its name, scopes and end, never its secret. */
export const createApiKey = (
  { data: { apiKeyId, name, scopes, hint, expiresAt, products = null }, by, at }: CommandOf<'CreateApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const refusal =
    refuseScopes(standing, scopes) ?? refuseProducts(standing, products) ?? refuseEnd(standing, expiresAt);
  if (refusal !== null) return refusal;
  if (organization.apiKeys.has(apiKeyId)) return [];
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('an API key'));
  if (scopes.length === 0) return noScope();
  if (products?.length === 0) return noProduct();
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
  const limit = products === null ? {} : { products: [...new Set(products)] };
  const key = { apiKeyId, name, scopes: [...new Set(scopes)], hint };
  return [{ type: 'ApiKeyCreated', data: { ...key, ...end, ...creator, ...limit } }];
};

/** Changes the name, the scopes or the products of a key. Refuses to change a revoked key. */
export const changeApiKey = (
  { data: { apiKeyId, name, scopes, products }, by, at }: CommandOf<'ChangeApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined || key.revokedAt !== null) return noSuchKey;
  const wider = scopes ?? [];
  const reached = products === undefined ? key.products : products;
  const refusal =
    refuseScopes(standing, wider) ??
    refuseStrongerKey(standing, key) ??
    refuseWidening(standing, key, { scopes: wider, products: reached });
  if (refusal !== null) return refusal;
  if (name !== null && !isName(name)) return reject('INVALID_REQUEST', nameRule('an API key'));
  if (scopes?.length === 0) return noScope();
  if (products?.length === 0) return noProduct();

  const events: OrganizationEvent[] = [];
  if (name !== null && name !== key.name)
    events.push({ type: 'ApiKeyRenamed', data: { apiKeyId, from: key.name, to: name } });
  if (scopes !== null && !areSame(scopes, key.scopes))
    events.push({ type: 'ApiKeyScopesChanged', data: { apiKeyId, from: key.scopes, to: [...new Set(scopes)] } });
  if (!haveSameReach(reached, key.products))
    events.push({ type: 'ApiKeyProductsChanged', data: { apiKeyId, from: key.products, to: unique(reached) } });
  return events;
};

/** The longest time for which the secret before a rotation works on: 30 days. */
export const overlapSecondsMax = 30 * 86_400;

/**
 * Gives a key a new secret. The previous one works until the overlap ends, and one from before it ends at once. Refuses
 * a key that the caller may not change, and to let a key that expires get the secret of one that expires later.
 */
export const rotateApiKey = (
  { data: { apiKeyId, secretRef, hint, overlapSeconds }, by, at }: CommandOf<'RotateApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined || !isInForce(key, at)) return noSuchKey;
  const refusal = refuseStrongerKey(standing, key) ?? refuseEnd(standing, key.expiresAt);
  if (refusal !== null) return refusal;
  if (key.secret?.ref === secretRef) return [];
  if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > overlapSecondsMax)
    return reject('INVALID_REQUEST', `overlapSeconds must be a whole number from 0 to ${overlapSecondsMax}.`);
  const rotatedBy = senderOf(by);
  const overlapUntil = overlapSeconds === 0 ? null : fromMs(toMs(at) + overlapSeconds * 1_000);
  const previous = { hint: key.hint, secretRef: key.secret?.ref ?? null };
  const rotation = { apiKeyId, secretRef, hint, previous, overlapUntil };
  return [{ type: 'ApiKeyRotated', data: rotatedBy === null ? rotation : { ...rotation, rotatedBy } }];
};

/** Ends the previous secret of a key before its overlap does. Changes nothing when no earlier secret works. */
export const endApiKeyOverlap = (
  { data: { apiKeyId }, by, at }: CommandOf<'EndApiKeyOverlap'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined || !isInForce(key, at)) return noSuchKey;
  const refusal = refuseStrongerKey(standing, key);
  if (refusal !== null) return refusal;
  const { overlapUntil = null } = key.previous ?? {};
  return overlapUntil === null || overlapUntil <= at ? [] : [{ type: 'ApiKeyOverlapEnded', data: { apiKeyId } }];
};

/** Revokes a key for ever. Changes nothing when it is revoked. */
export const revokeApiKey = (
  { data: { apiKeyId }, by, at }: CommandOf<'RevokeApiKey'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_KEYS', at);
  if ('rejected' in standing) return standing;
  const key = organization.apiKeys.get(apiKeyId);
  if (key === undefined) return noSuchKey;
  const refusal = refuseStrongerKey(standing, key);
  if (refusal !== null) return refusal;
  return key.revokedAt === null ? [{ type: 'ApiKeyRevoked', data: { apiKeyId } }] : [];
};

/**
 * Returns the keys that a user created or got a secret of by rotating them, and those that such keys created or
 * rotated, too. Ended ones are included.
 */
export const keysCreatedBy = ({ apiKeys }: CreatedOrganization, userId: string): readonly string[] => {
  const creators = new Set([userId]);
  // A key may have been rotated by one that was created after it.
  for (let known = 0; known < creators.size; ) {
    known = creators.size;
    for (const [apiKeyId, key] of apiKeys)
      if (ownersOf(key).some((owner) => owner !== null && creators.has(owner))) creators.add(apiKeyId);
  }
  creators.delete(userId);
  return [...creators];
};

const ownersOf = ({ createdBy, secret, previous }: ApiKey): readonly (string | null)[] => [
  createdBy,
  secret?.by ?? null,
  previous?.secret?.by ?? null,
];

const keysInForce = ({ apiKeys }: CreatedOrganization, at: Instant): number =>
  [...apiKeys.values()].filter((key) => isInForce(key, at)).length;

const unique = (products: readonly string[] | null): readonly string[] | null =>
  products === null ? null : [...new Set(products)];

const haveSameReach = (some: readonly string[] | null, others: readonly string[] | null): boolean =>
  some === null || others === null ? some === others : areSame(some, others);

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((scope) => others.includes(scope)) && others.every((scope) => some.includes(scope));

const noProduct = () =>
  reject(
    'INVALID_REQUEST',
    'An API key that is limited to products must name at least one. Leave products out for all.',
  );

const noScope = () => reject('INVALID_REQUEST', 'An API key must have at least one scope.');
