import type { PoolClient } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';

const heldColumns = selectLicense('l');
// Of one holder, from one issuer: more would be a mistake of that issuer's.
const licensesMax = 100;

/** The licenses, but for revoked ones, that an issuer gave to the tenant of `db`: the newest first, 100 at most. */
export const licensesHeld = async (
  db: PoolClient,
  { issuerOrgId, holderOrgId }: { readonly issuerOrgId: string; readonly holderOrgId: string },
): Promise<readonly LicenseFacts[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'licenses-held',
    text: `select ${heldColumns} from rm.licenses l
      where l.issuer_org_id = $1 and l.holder_org_id = $2 and l.revoked_at is null
      order by l.created_at desc, l.license_id desc limit ${licensesMax}`,
    values: [issuerOrgId, holderOrgId],
    rowMode: 'array',
  });
  return rows.map((row) => readLicense(row).facts);
};
