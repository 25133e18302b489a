import type { Pool } from 'pg';
import type { PersonalValue, storeValue } from '../projections/tables/vault.ts';
import { asTenant } from '../projections/tenant.ts';

/** Does something with each of some personal values of an issuer, in one transaction; nothing where there are none. */
export const inVault = async (
  pool: Pool,
  issuerOrgId: string,
  values: readonly PersonalValue[],
  work: (...parameters: Parameters<typeof storeValue>) => Promise<unknown>,
): Promise<void> => {
  if (values.length === 0) return;
  await asTenant(
    pool,
    issuerOrgId,
    async (db) => {
      for (const value of values) await work(db, value);
    },
    { readOnly: false },
  );
};
