import type { Pool, PoolClient } from 'pg';
import { productScope } from './product-scope.ts';
import { transaction } from './transaction.ts';

/**
 * Runs `work` in a transaction in which row-level security shows what this organization issues or holds, within the
 * products of `withinProductScope`. Throws while the read models are not level, or are of another release. Closes a
 * connection that did not commit. Requests without an organization use `asUser` (src/identity/as-user.ts). Validation
 * calls functions that set the organization themselves. A statement of a read that takes longer than 2 s is canceled.
 */
export const asTenant = <T>(
  pool: Pool,
  orgId: string,
  work: (db: PoolClient) => Promise<T>,
  { readOnly }: { readonly readOnly: boolean } = { readOnly: true },
): Promise<T> => {
  if (orgId === '') throw new Error('asTenant needs the id of an organization.');
  return transaction(pool, readOnly ? 'begin read only' : 'begin', async (db) => {
    await (readOnly ? readAsTenant(db, orgId) : becomeTenant(db, orgId));
    return work(db);
  });
};

const readMsMax = 2_000;

const readAsTenant = async (db: PoolClient, orgId: string): Promise<void> => {
  await db.query({
    name: 'read-as-tenant',
    text: `select ops.require_read_models(), set_config('app.org_id', $1, true), set_config('app.products', $2, true),
      set_config('statement_timeout', '${readMsMax}', true)`,
    values: [orgId, scopeText()],
  });
};

/** Continues the transaction as this organization. */
export const becomeTenant = async (db: PoolClient, orgId: string): Promise<void> => {
  await db.query({
    name: 'as-tenant',
    text: `select ops.require_read_models(), set_config('app.org_id', $1, true), set_config('app.products', $2, true)`,
    values: [orgId, scopeText()],
  });
};

// The codes of products have no comma. An empty text stands for all products.
const scopeText = (): string => {
  const products = productScope();
  if (products === null) return '';
  if (products.length === 0) throw new Error('A request is limited to no product.');
  return products.join();
};
