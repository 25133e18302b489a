import type { Secrets } from '../secrets.ts';

/** A secret that the database was used with. */
export type StoredSecret = {
  readonly id: string;
  /** Empty: the secret was retired before a process recorded it. */
  readonly check: Buffer;
  /** When a process first signed with it. Null: none did, so nothing stored needs it. */
  readonly firstSignedAt: Date | null;
  /** When a process was last seen that signs with it. */
  readonly lastSignedAt: Date | null;
  readonly retiredAt: Date | null;
};

/** A process that was seen in the last 90 seconds, with the ids of its secrets. */
export type SecretHolder = {
  readonly processId: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: string;
  readonly signing: string;
  readonly secrets: readonly string[];
  readonly startedAt: Date;
  readonly seenAt: Date;
};

/** What the database knows of secrets. `inUse`: the secrets of its keys. It matters only before the first recorded start. */
export type KnownSecrets = {
  readonly stored: readonly StoredSecret[];
  readonly inUse: readonly string[];
  readonly holders: readonly SecretHolder[];
};

/** Why a process must not start with its secrets. */
export type SecretsFault =
  | { readonly kind: 'MISSING'; readonly ids: readonly string[] }
  | { readonly kind: 'RETIRED_SIGNS'; readonly id: string }
  | { readonly kind: 'NOT_PREPARED'; readonly id: string; readonly lacking: readonly SecretHolder[] };

/**
 * Returns why a process must not start with these secrets, or null. It needs every secret that signed and was not retired. A
 * secret signs for the first time only when every running process accepts it.
 */
export const judgeSecrets = (secrets: Secrets, { stored, inUse, holders }: KnownSecrets): SecretsFault | null => {
  const missing = hasStarted(stored)
    ? missingSecrets(secrets, stored)
    : inUse.filter((id) => !has(secrets.all, id) && !has(stored, id));
  if (missing.length > 0) return { kind: 'MISSING', ids: missing };
  const { id } = secrets.signing;
  const signing = stored.find((secret) => secret.id === id);
  if (signing !== undefined && signing.retiredAt !== null) return { kind: 'RETIRED_SIGNS', id };
  if (signing !== undefined && signing.firstSignedAt !== null) return null;
  const lacking = holders.filter((holder) => !holder.secrets.includes(id));
  return lacking.length === 0 ? null : { kind: 'NOT_PREPARED', id, lacking };
};

/** Returns the ids of stored secrets that signed, were not retired, and are not configured. */
export const missingSecrets = (secrets: Secrets, stored: readonly StoredSecret[]): readonly string[] =>
  stored
    .filter(({ firstSignedAt, retiredAt }) => firstSignedAt !== null && retiredAt === null)
    .filter(({ id, check }) => !secrets.all.some((secret) => secret.id === id && secret.check.equals(check)))
    .map(({ id }) => id);

/**
 * Returns true when a process of a build that records secrets has started. Before, only secrets that an operator retired are
 * stored.
 */
export const hasStarted = (stored: readonly StoredSecret[]): boolean =>
  stored.some(({ firstSignedAt, retiredAt }) => firstSignedAt !== null && retiredAt === null);

const has = (all: readonly { readonly id: string }[], id: string): boolean => all.some((secret) => secret.id === id);
