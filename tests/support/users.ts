import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/organization/events.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import { publicJwk, type SigningKey } from '../../src/identity/key-files.ts';
import { createRefreshToken } from '../../src/identity/refresh-token.ts';
import { activateUser, reserveUser } from '../../src/identity/reserve-user.ts';
import { parseSecrets, type Secrets } from '../../src/identity/secrets.ts';
import { openSession } from '../../src/identity/sessions.ts';
import { findUserByEmail, getUser } from '../../src/identity/users.ts';
import { context, send as sendCommand } from './commands.ts';

/** The secrets of a test ledger. */
export const testSecrets = parseSecrets(Buffer.alloc(32, 7).toString('base64'));

/** The instant that identity's tests begin at. */
export const start = new Date('2027-01-31T12:00:00.000Z');

/** A user as `reserveUser` takes one, of a command of its own. */
export const newUser = (email: string, now = start) => {
  const commandId = randomUUID();
  return {
    ...{ userId: encodeId('usr', commandId), email, passwordHash: `hash of ${email}`, displayName: null },
    ...{ commandId, now },
  };
};

/** An active user. */
export const createUser = async (pool: Pool, email = `${randomUUID()}@vendor.example`) => {
  const user = newUser(email);
  await reserveUser(pool, user);
  await activateUser(pool, user);
  return user;
};

/** A session of a user, open since `now`. */
export const openTestSession = async (
  pool: Pool,
  userId: string,
  {
    now = start,
    organizationId = null,
    secrets = testSecrets,
  }: { readonly now?: Date; readonly organizationId?: string | null; readonly secrets?: Secrets } = {},
) => {
  const sessionId = encodeId('ses', randomUUID());
  const email = (await getUser(pool, userId))?.email ?? '';
  const passwordHash = (await findUserByEmail(pool, email))?.passwordHash ?? '';
  const device = { known: null, fresh: { token: '', hash: randomBytes(32) } };
  const opened = await openSession(pool, {
    device,
    ...{ sessionId, userId, passwordHash, organizationId, userAgent: 'curl/8', refreshTokenSeconds: 604_800 },
    ...{ secrets, now },
  });
  return {
    sessionId,
    refreshToken: opened?.refreshToken ?? createRefreshToken(),
    refreshExpiresAt: opened?.refreshExpiresAt,
  };
};

/** So many milliseconds after `start`. */
export const later = (milliseconds: number): Date => new Date(start.getTime() + milliseconds);

/** Makes a user a member in this role, by an invitation of the one who runs the product. Returns where the log says so. */
export const joinOrganization = async (
  { executor, now }: { readonly executor: Executor; readonly now: () => string },
  { organizationId, userId, role }: { readonly organizationId: string; readonly userId: string; readonly role: Role },
): Promise<bigint> => {
  const by = { type: 'SYSTEM' } as const;
  const limits = { members: null, projects: null };
  const invitationId = encodeId('inv', randomUUID());
  const expiresAt = new Date(Date.parse(now()) + 86_400_000).toISOString();
  const invitation = { invitationId, emailRef: encodeId('ref', randomUUID()), userId, role, expiresAt, limits };
  const invite = { type: 'InviteMember', at: now(), by, data: invitation } as const;
  const accept = { type: 'AcceptInvitation', at: now(), by, data: { invitationId, userId, limits } } as const;
  await sendCommand(executor, organizationAggregate, organizationId, invite, context(), () => null);
  const joined = await sendCommand(executor, organizationAggregate, organizationId, accept, context(), () => null);
  if ('rejected' in joined) throw new Error(joined.detail);
  return joined.position.commit;
};

/** A key for access tokens, kept nowhere. */
export const createTestKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 16);
  return { kid, createdAt: start, file: '', privateKey, publicKey };
};

/** A ring with one key, which signs. `keys`: those in the ring, to add to and to take from. */
export const createTestRing = () => {
  const key = createTestKey();
  const keys = new Map([[key.kid, key]]);
  return {
    keys,
    signing: () => key,
    find: async (kid: string) => keys.get(kid)?.publicKey ?? null,
    has: (kid: string) => keys.has(kid),
    jwks: () => ({ keys: [...keys.values()].map(publicJwk) }),
  };
};
