import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../domain/license/license.ts';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs } from '../postgres/epoch-ms.ts';

/** A denial of a license: a validation that was not valid, or a refused activation or seat. */
export type Denial = {
  readonly deniedAt: Instant;
  /** The code of the validation or of the refusal. */
  readonly code: string;
  /** A product code and a version as the client named them. Null: it named none. */
  readonly product: string | null;
  readonly version: string | null;
  /** The beginning of the keyed hash of the device, in hex. Null: the client named no device. */
  readonly device: string | null;
  /** The network of the client. Null when the policy does not keep it. */
  readonly addressPrefix: string | null;
};

/** A denial with the license that it belongs to. */
export type NewDenial = Denial & Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'licenseId'>;

/** How many denials of a license are kept. `db/ops/142-license-denials.sql` has the same number. */
export const denialsMax = 100;

/** Where a page of denials ended. */
export type DenialPlace = Pick<Denial, 'deniedAt' | 'code' | 'device'>;

/** Records denials, one per license, code, device and minute, and removes all but the last 100 of their licenses. */
export const recordDenials = async (db: PoolClient, denials: readonly NewDenial[]): Promise<void> => {
  const batch: Record<string, object[]> = {};
  for (const denial of denials) {
    batch[denial.issuerOrgId] ??= [];
    batch[denial.issuerOrgId]?.push({
      license_id: denial.licenseId,
      code: denial.code,
      device: denial.device ?? '',
      holder_org_id: denial.holderOrgId,
      denied_at: denial.deniedAt,
      product: denial.product,
      version: denial.version,
      address_prefix: denial.addressPrefix,
    });
  }
  await db.query({ name: 'note-denials', text: 'select ops.note_denials($1)', values: [JSON.stringify(batch)] });
};

/**
 * Returns a page of the last denials of a license, the newest first. For asTenant of its issuer, or of its holder,
 * which sees the denials since it holds the license. `after`: the last denial of the previous page; null: the first
 * page.
 */
export const denialsOf = async (
  db: PoolClient,
  licenseId: string,
  { limit, after }: { readonly limit: number; readonly after: DenialPlace | null },
): Promise<readonly Denial[]> => {
  const { rows } = await db.query<[string, string, string, string | null, string | null, string | null]>({
    name: 'denials-of',
    text: `select ${epochMs('d.denied_at')}, d.code, d.device, d.product, d.version, d.address_prefix
      from ops.license_denials d join rm.licenses l using (issuer_org_id, license_id)
      where l.license_id = $1 and ($3::timestamptz is null or (d.denied_at, d.code, d.device) < ($3, $4, $5))
      order by d.denied_at desc, d.code desc, d.device desc limit $2`,
    values: [
      licenseId,
      limit,
      after?.deniedAt ?? null,
      after?.code ?? null,
      after === null ? null : (after.device ?? ''),
    ],
    rowMode: 'array',
  });
  return rows.map(([deniedMs, code, device, product, version, addressPrefix]) => ({
    deniedAt: fromMs(Number(deniedMs)),
    code,
    device: device === '' ? null : device,
    product,
    version,
    addressPrefix,
  }));
};
