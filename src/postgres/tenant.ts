import pg, { type Pool, type PoolClient } from 'pg';
import { productScope } from './product-scope.ts';
import { readTransaction, transaction } from './transaction.ts';

/**
 * Runs `work` in a transaction in which row-level security shows what this organization issues or holds, within the
 * products of `withinProductScope`. Throws while the read models are not level, or are of another release. Closes a
 * connection that did not commit. Requests without an organization use `asUser` (src/identity/as-user.ts). Validation
 * calls functions that set the organization themselves. A statement of a read that takes longer than 2 s is canceled. A
 * read returns what `readTransaction` returns.
 */
export const asTenant = async <T>(
  pool: Pool,
  orgId: string,
  work: (db: PoolClient) => Promise<T>,
  { readOnly }: { readonly readOnly: boolean } = { readOnly: true },
): Promise<T> => {
  if (orgId === '') throw new Error('asTenant needs the id of an organization.');
  const settings = settingsOf(pg.escapeLiteral(orgId), pg.escapeLiteral(scopeText()));
  // One message begins and sets: in a busy process the answer to each message waits for its turn.
  return readOnly
    ? readTransaction(pool, `begin read only; ${settings}, set_config('statement_timeout', '${readMsMax}', true)`, work)
    : transaction(pool, `begin; ${settings}`, work);
};

const readMsMax = 2_000;

const settingsOf = (organization: string, products: string): string =>
  `select ops.require_read_models(), set_config('app.org_id', ${organization}, true), set_config('app.products', ${products}, true)`;

/** Continues the transaction as this organization. */
export const becomeTenant = async (db: PoolClient, orgId: string): Promise<void> => {
  await db.query({ name: 'as-tenant', text: settingsOf('$1', '$2'), values: [orgId, scopeText()] });
};

// The codes of products have no comma. An empty text stands for all products.
const scopeText = (): string => {
  const products = productScope();
  if (products === null) return '';
  if (products.length === 0) throw new Error('A request is limited to no product.');
  return products.join();
};
