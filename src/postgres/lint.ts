import pg, { type ClientBase, type Pool } from 'pg';
import { checks } from './lint-checks.ts';
import { connectionConfig } from './pool.ts';

/**
 * Looks in the database's catalog for whatever would let one organization see another's rows: in the read models, the
 * versions of them that are being rebuilt, credentials, vault and bookkeeping. Returns a sentence for each fault, none when
 * all is well.
 */
export const lintCatalog = async (db: Pool | ClientBase): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (const { sql, values = [] } of checks) {
    const { rows } = await db.query<[string]>({ text: sql, values: [...values], rowMode: 'array' });
    faults.push(...rows.map(([fault]) => fault));
  }
  return faults;
};

/** Throws, with a sentence for each fault, when the catalog would let one organization see another's rows. */
export const refuseOpenCatalog = async (url: string): Promise<void> => {
  const db = new pg.Client(connectionConfig({ url, role: 'ledger_owner', applicationName: 'ledger-lint' }));
  await db.connect();
  try {
    const faults = await lintCatalog(db);
    if (faults.length === 0) return;
    throw new Error(
      'The database would let one organization see another’s rows, so License Ledger does not start. Somebody changed what ' +
        `its migrations made; undo that:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
    );
  } finally {
    await db.end();
  }
};
