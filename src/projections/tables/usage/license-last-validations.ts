import type { LicenseFacts } from '../../../domain/license/license.ts';
import { recordedStatus } from '../../../domain/license/recorded-status.ts';
import { change, make, type Write } from '../../fold/changes.ts';
import { columnsFor, rowMaker, typesOf } from '../columns.ts';
import type { Table } from '../rows.ts';

const isActive = (facts: LicenseFacts): boolean => recordedStatus(facts).status === 'ACTIVE';

const column = columnsFor<LicenseFacts>();
const columns = {
  issuer_org_id: column('text', ({ issuerOrgId }) => issuerOrgId),
  holder_org_id: column('text', ({ holderOrgId }) => holderOrgId),
  license_id: column('text', ({ licenseId }) => licenseId),
  created_at: column('timestamptz', ({ createdAt }) => createdAt),
  is_active: column('boolean', isActive),
};

/**
 * `rm.license_last_validations`: what lists need to find licenses by their last validation
 * (db/read-models/013-license-last-validations.sql). No event has its day, which processes of the API write.
 */
export const licenseLastValidations = {
  name: 'license_last_validations',
  key: ['issuer_org_id', 'license_id'],
  columns: typesOf(columns),
} satisfies Table;

const lastValidationRow = rowMaker(columns);

/** Returns what an event does to the row of a license. `before` null: the event issues the license. */
export const lastValidationWrites = (before: LicenseFacts | null, after: LicenseFacts): readonly Write[] => {
  if (before === null) return [make(licenseLastValidations, lastValidationRow(after))];
  if (before.holderOrgId === after.holderOrgId && isActive(before) === isActive(after)) return [];
  const { issuerOrgId: issuer_org_id, licenseId: license_id, holderOrgId: holder_org_id } = after;
  return [change(licenseLastValidations, { issuer_org_id, license_id, holder_org_id, is_active: isActive(after) })];
};
