import pg from 'pg';
import { clientConfig } from '../postgres/pool.ts';
import type { Verdict } from '../projections/verify/verify-verdict.ts';
import { version } from '../version.ts';

/**
 * Notes the result of a full verification for `ledger status`, in the only row of ops.last_verification. Creates nothing.
 * Does nothing when the database lacks the table, or the login may not change it. Does not throw.
 */
export const noteVerification = async (
  projectorUrl: string,
  { intact, events, streams, rows, damaged }: Verdict,
): Promise<void> => {
  const db = new pg.Client(
    clientConfig({ url: projectorUrl, role: 'ledger_projector', applicationName: 'ledger-verify' }),
  );
  db.on('error', () => undefined);
  try {
    await db.connect();
    await db.query(
      `update ops.last_verification set verified_at = clock_timestamp(), version = $1, is_intact = $2, events = $3,
        streams = $4, rows_compared = $5, damaged = $6`,
      [version, intact, events, streams, rows, damaged],
    );
  } catch {
    // The verdict counts, not the note of it.
  } finally {
    await db.end().catch(() => undefined);
  }
};
