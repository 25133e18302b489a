import type { LicenseEvent } from '../../domain/license/events.ts';
import { columnsFor, rowMaker, typesOf } from './columns.ts';
import type { Table } from './rows.ts';

/** What the row of a license key is made of. */
type KeyIssue = {
  readonly issuerOrgId: string;
  readonly licenseId: string;
  readonly data: Extract<LicenseEvent, { type: 'LicenseKeyIssued' }>['data'];
};

const column = columnsFor<KeyIssue>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  license_id: column('text', ({ licenseId }) => licenseId),
  key_version: column('integer', ({ data }) => data.keyVersion),
  key_hash: column('bytea', ({ data }) => data.keyHash),
  secret_id: column('text', ({ data }) => data.secretId),
  hint: column('text', ({ data }) => data.hint),
};

/**
 * `rm.license_keys`: the license of each key's hash (db/read-models/020-license-keys.sql). `validation.ts` reads it.
 */
export const licenseKeys = {
  name: 'license_keys',
  key: ['issuer_org_id', 'license_id', 'key_version'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a license key. */
export const licenseKeyRow = rowMaker(columns);
