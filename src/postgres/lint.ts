import pg, { type ClientBase, type Pool } from 'pg';
import { checksOf, type RowSecurity } from './lint-checks.ts';
import { clientConfig } from './pool.ts';

/**
 * Searches the catalog of the database for grants, policies and functions that let one organization see another's rows.
 * Covers the schemas of every version of the read models, identity, vault and ops. Returns a sentence for each fault.
 */
export const lintCatalog = async (db: Pool | ClientBase, rules: RowSecurity): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (const { sql, values = [] } of checksOf(rules)) {
    const { rows } = await db.query<[string]>({ text: sql, values: [...values], rowMode: 'array' });
    faults.push(...rows.map(([fault]) => fault));
  }
  return faults;
};

/** Throws an error with a sentence for each fault when the catalog lets one organization see another's rows. */
export const refuseOpenCatalog = async (url: string, rules: RowSecurity): Promise<void> => {
  const db = new pg.Client(clientConfig({ url, role: 'ledger_owner', applicationName: 'ledger-lint' }));
  // The query fails and says more. Without a listener the event would end the process.
  db.on('error', () => undefined);
  await db.connect();
  try {
    const faults = await lintCatalog(db, rules);
    if (faults.length === 0) return;
    throw new Error(
      'The database would let one organization see another’s rows, so License Ledger does not start. Somebody changed what ' +
        `its migrations made; undo that:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
    );
  } finally {
    await db.end();
  }
};
