import pg, { type ClientBase } from 'pg';
import type { StoredSecret } from '../../identity/secret-records/judge-secrets.ts';
import {
  readApiKeysOfSecret,
  readTokensCreatedBetween,
  type TokenCounts,
} from '../../identity/secret-records/uses-in-identity.ts';
import { connectionConfig } from '../../projections/connect.ts';
import { readModelsFault } from '../../projections/level.ts';
import { countUsesOfSecret, type UsesInReadModels } from '../../projections/queries/uses-of-secret.ts';

/** How many stored things need a secret. */
export type SecretUses = UsesInReadModels & TokenCounts;

/** The counts by the id of the secret. `notCounted`: why there are none. */
export type CountedUses = {
  readonly uses: ReadonlyMap<string, SecretUses>;
  readonly notCounted: string | null;
};

/**
 * Counts what needs each secret. Counts nothing while the read models are incomplete or of another release. `owner`: a
 * connection as ledger_owner.
 */
export const countUses = async (
  owner: ClientBase,
  projectorUrl: string,
  secrets: readonly StoredSecret[],
): Promise<CountedUses> => {
  const db = new pg.Client({
    ...connectionConfig({ url: projectorUrl, role: 'ledger_projector', answerTimeoutMs: 0 }),
    pipeline: false,
  });
  db.on('error', () => {});
  await db.connect();
  try {
    const notCounted = await readModelsFault(db);
    const uses = new Map<string, SecretUses>();
    if (notCounted !== null) return { uses, notCounted };
    // A count reads whole tables.
    await db.query('set statement_timeout = 0');
    for (const { id, firstSignedAt, lastSignedAt } of secrets) {
      if (firstSignedAt === null || lastSignedAt === null) continue;
      const period = { id, from: firstSignedAt, until: new Date(lastSignedAt.getTime() + marginMs) };
      const counts = await countUsesOfSecret(db, period, await readApiKeysOfSecret(owner, id));
      uses.set(id, { ...counts, ...(await readTokensCreatedBetween(owner, period)) });
    }
    return { uses, notCounted };
  } finally {
    await db.end();
  }
};

// A process that was killed signed up to 30 seconds after it was last seen.
const marginMs = 60_000;
