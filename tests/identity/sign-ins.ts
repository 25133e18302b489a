import { onTestFinished } from 'vitest';
import { listenForAccessChanges } from '../../src/identity/access/access-listener.ts';
import { createAccessNotices } from '../../src/identity/access/access-notices.ts';
import type { AccessClaims } from '../../src/identity/access-token.ts';
import { createAuthenticateUser } from '../../src/identity/authenticate-user.ts';
import { testId } from '../support/license-fixtures.ts';
import { createReadModels } from '../support/read-models.ts';
import { createUser, later, openTestSession, start } from '../support/users.ts';

export const vendor = testId('org', 'vendor');

/** A database with two organizations, processes that check access tokens, and users who sign in. */
export const createSignIns = async () => {
  const database = await createReadModels();
  for (const [id, joined] of [
    [vendor, 2],
    [testId('org', 'second'), 1],
  ] as const) {
    await database.superuser.query(
      `insert into rm.organizations (organization_id, issuer_org_id, revision, position, name, time_zone, created_at,
          log_is_public, holders_get_proofs)
        values ($1, $1, 0, 0, $2, 'UTC', $3, false, false)`,
      [id, `Organization ${joined}`, later(joined)],
    );
  }
  return { database, createProcess: processesOn(database), signIn: signInsOn(database) };
};

type Database = Awaited<ReturnType<typeof createReadModels>>;

/**
 * Creates a process with its own cache. A token is the JSON of its claims. Its clock stands still, so only a notice can end
 * what it remembers. `listens: false`: notices count as arriving, and none does.
 */
const processesOn =
  (database: Database) =>
  async ({ listens = true }: { listens?: boolean } = {}) => {
    const clock = { ms: start.getTime(), setBackMs: 0 };
    // Each reading is a moment later than the one before.
    let readings = 0;
    const elapsedMs = () => clock.ms + ++readings / 1_000;
    const notices = createAccessNotices(elapsedMs);
    notices.confirm(Number.MAX_SAFE_INTEGER);
    const authenticate = createAuthenticateUser({
      pool: database.api,
      ...{ notices, elapsedMs, nowMs: () => clock.ms - clock.setBackMs, untilProjected: async () => true },
      verifyAccessToken: async (token) => {
        if (!token.startsWith('{')) return null;
        const claims: AccessClaims = JSON.parse(token);
        return clock.ms >= claims.exp * 1_000 ? 'expired' : claims;
      },
    });
    if (listens) {
      await new Promise<void>((listening) => {
        const heard = { note: notices.note, confirm: () => listening() };
        const listener = listenForAccessChanges({ url: database.url, notices: heard, elapsedMs, onState: () => {} });
        onTestFinished(() => listener.stop());
      });
    }
    return { clock, authenticate, note: notices.note };
  };

const signInsOn =
  (database: Database) =>
  async ({ organizationId = null, role = 'ADMIN' }: { organizationId?: string | null; role?: string } = {}) => {
    const { userId } = await createUser(database.api);
    const { sessionId } = await openTestSession(database.api, userId, { organizationId });
    if (organizationId !== null) {
      await database.superuser.query(
        'insert into rm.memberships (issuer_org_id, user_id, role, joined_at) values ($1, $2, $3, $4)',
        [organizationId, userId, role, start],
      );
    }
    const iat = start.getTime() / 1_000;
    const claims: AccessClaims = {
      sub: userId,
      tid: organizationId,
      sid: sessionId,
      jti: sessionId,
      iat,
      exp: iat + 3_600,
    };
    return { userId, sessionId, token: JSON.stringify(claims) };
  };
