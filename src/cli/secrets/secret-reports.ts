import type { SecretHolder, StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import type { SecretUses } from './count-uses.ts';
import type { SecretsSession } from './secrets-session.ts';

/**
 * What a secret does. PREPARED: it verifies and never signed. RETIRED: nothing needs it. MISSING: something may need it, and
 * the configuration of this command does not have it.
 */
export type SecretState = 'SIGNS' | 'VERIFIES' | 'PREPARED' | 'RETIRED' | 'MISSING';

/** A secret as `ledger secrets status` reports it. */
export type SecretReport = {
  readonly id: string;
  readonly state: SecretState;
  /** Its place in LEDGER_SECRET, from 1. Null: it is not configured. */
  readonly place: number | null;
  readonly firstSignedAt: string | null;
  readonly lastSignedAt: string | null;
  /** Null: nothing signed with it, or it was not counted. */
  readonly uses: SecretUses | null;
};

/** Returns every secret that is stored or configured, in the order in which they first signed. */
export const reportSecrets = (
  { secrets, stored }: Pick<SecretsSession, 'secrets' | 'stored'>,
  uses: ReadonlyMap<string, SecretUses>,
): readonly SecretReport[] => {
  const places = new Map(secrets.all.map(({ id }, index) => [id, index + 1]));
  const unstored = secrets.all.filter(({ id }) => !stored.some((secret) => secret.id === id));
  const all = [
    ...stored,
    ...unstored.map(({ id }) => ({ id, firstSignedAt: null, lastSignedAt: null, retiredAt: null })),
  ];
  return all.map(({ id, firstSignedAt, lastSignedAt, retiredAt }) => {
    const place = places.get(id) ?? null;
    return {
      id,
      state: stateOf({ firstSignedAt, retiredAt }, place),
      place,
      firstSignedAt: firstSignedAt?.toISOString() ?? null,
      lastSignedAt: lastSignedAt?.toISOString() ?? null,
      uses: uses.get(id) ?? null,
    };
  });
};

const stateOf = (
  { firstSignedAt, retiredAt }: Pick<StoredSecret, 'firstSignedAt' | 'retiredAt'>,
  place: number | null,
): SecretState => {
  if (retiredAt !== null) return 'RETIRED';
  if (place === null) return firstSignedAt === null ? 'PREPARED' : 'MISSING';
  if (place === 1) return 'SIGNS';
  return firstSignedAt === null ? 'PREPARED' : 'VERIFIES';
};

const nouns: Readonly<Record<keyof SecretUses, readonly [one: string, several: string]>> = {
  licenseKeys: ['license key', 'license keys'],
  apiKeys: ['API key', 'API keys'],
  devices: ['device', 'devices'],
  seats: ['seat', 'seats'],
  users: ['assigned user', 'assigned users'],
  invitations: ['open invitation', 'open invitations'],
  refreshTokens: ['signed-in session', 'signed-in sessions'],
  deviceTokens: ['device token of a login', 'device tokens of logins'],
};

/** Returns what needs a secret, as `3 license keys`. Empty when nothing does. */
export const usesAsText = (uses: SecretUses): readonly string[] =>
  usesInOrder
    .filter((name) => uses[name] > 0)
    .map((name) => `${uses[name].toLocaleString('en-US')} ${nouns[name][uses[name] === 1 ? 0 : 1]}`);

const usesInOrder = Object.keys(nouns) as readonly (keyof SecretUses)[];

/** Returns how a sentence names a process. */
export const holderAsText = ({ pid, host, roles }: SecretHolder): string => `process ${pid} on ${host} (${roles})`;

/** Returns a process as JSON. */
export const reportHolder = ({ pid, host, roles, signing, secrets, startedAt, seenAt }: SecretHolder) => ({
  ...{ host, pid, roles: roles.split(','), signing, secrets },
  ...{ startedAt: startedAt.toISOString(), seenAt: seenAt.toISOString() },
});
