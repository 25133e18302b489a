import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';

const columns = selectLicense('l');
// One issuer gives more licenses to one holder only by mistake.
const licensesMax = 100;

/** Returns the unrevoked licenses that an issuer gave to the tenant of `db`, newest first, at most 100. */
export const licensesHeld = async (
  db: PoolClient,
  { issuerOrgId, holderOrgId }: { readonly issuerOrgId: string; readonly holderOrgId: string },
): Promise<readonly LicenseFacts[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'licenses-held',
    text: `select ${columns} from rm.licenses l
      where l.issuer_org_id = $1 and l.holder_org_id = $2 and l.revoked_at is null
      order by l.created_at desc, l.license_id desc limit ${licensesMax}`,
    values: [issuerOrgId, holderOrgId],
    rowMode: 'array',
  });
  return rows.map((row) => readLicense(row).facts);
};
