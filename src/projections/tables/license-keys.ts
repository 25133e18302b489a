import type { LicenseEvent } from '../../domain/license/events.ts';
import type { Row, Table } from './rows.ts';

/** `rm.license_keys`: which license a key's hash belongs to (db/read-models/020-license-keys.sql). Read by `validation.ts`. */
export const licenseKeys: Table = {
  name: 'license_keys',
  key: ['issuer_org_id', 'license_id', 'key_version'],
  columns: {
    ...{ issuer_org_id: 'text', license_id: 'text', key_version: 'integer' },
    ...{ key_hash: 'bytea', secret_id: 'text', hint: 'text' },
  },
};

type KeyIssue = Extract<LicenseEvent, { type: 'LicenseKeyIssued' }>['data'];

/** The row of a license key. */
export const licenseKeyRow = (issuerOrgId: string, licenseId: string, issue: KeyIssue): Row => ({
  issuer_org_id: issuerOrgId,
  license_id: licenseId,
  key_version: issue.keyVersion,
  key_hash: `\\x${issue.keyHash}`,
  secret_id: issue.secretId,
  hint: issue.hint,
});
