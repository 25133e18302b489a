import { parseLicenseKey } from '../../src/identity/license-key.ts';
import { seal } from '../../src/identity/seal.ts';
import type { Ledger } from './ledger.ts';

/**
 * Makes a request with an Idempotency-Key, which showed a license key, one whose process died after the append, and for long
 * enough that another may take it over.
 */
export const dieAfterAppend = async (
  { database, secrets }: Pick<Ledger, 'database' | 'secrets'>,
  once: string,
  licenseKey: unknown,
): Promise<void> => {
  const { rows } = await database.superuser.query<{ bound: string[] }>(
    `select array[issuer_org_id, principal, operation, idempotency_key, command_id] as bound from ops.idempotency
     where idempotency_key = $1`,
    [once],
  );
  const secret = seal(secrets, parseLicenseKey(String(licenseKey)) ?? '', rows[0]?.bound.join('\0') ?? '');
  await database.superuser.query(
    `update ops.idempotency set status = null, body = null, secret = $2, locked_until = now() - interval '1 second'
     where idempotency_key = $1`,
    [once, secret],
  );
};
