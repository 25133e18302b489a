import type { LicenseEvent } from '../../domain/license/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { PartOwner } from './activations.ts';
import type { Row, Table } from './rows.ts';

/** `rm.license_users`: the users a license is, or was, assigned to (db/read-models/032-license-users.sql). */
export const licenseUsers: Table = {
  name: 'license_users',
  key: ['issuer_org_id', 'license_id', 'user_ref'],
  columns: {
    ...{ issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text', user_ref: 'text' },
    ...{ assigned_at: 'timestamptz', unassigned_at: 'timestamptz', cause: 'text' },
  },
};

type Unassignment = Extract<LicenseEvent, { type: 'UserUnassigned' }>['data'];

/** The row of an assigned user; one who is assigned once more has it made again. */
export const licenseUserRow = (owner: PartOwner, userRef: string, assignedAt: Instant): Row => ({
  ...userKey(owner, userRef),
  holder_org_id: owner.holderOrgId,
  assigned_at: assignedAt,
  unassigned_at: null,
  cause: null,
});

/** What the end of an assignment changes. */
export const unassignment = (owner: PartOwner, { userRef, cause }: Unassignment, unassignedAt: Instant): Row => ({
  ...userKey(owner, userRef),
  unassigned_at: unassignedAt,
  cause,
});

const userKey = ({ issuerOrgId, licenseId }: PartOwner, userRef: string): Row => ({
  issuer_org_id: issuerOrgId,
  license_id: licenseId,
  user_ref: userRef,
});
