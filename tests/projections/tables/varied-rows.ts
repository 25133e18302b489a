import type { Row } from '../../../src/projections/tables/rows.ts';
import { customer, testHash, testInstant, vendor } from '../../support/license-fixtures.ts';

/** The values that differ from row to row in any table. Half of the rows belong to the vendor. */
export const varied = (n: number): Row => {
  const at = testInstant(n * 60);
  const one = <Value>(of: number, value: Value) => (n % of === 0 ? value : null);
  return {
    issuer_org_id: n % 2 === 0 ? vendor : `org_${n % 50}`,
    holder_org_id: one(100, customer),
    license_id: `lic_${n % 1_000}`,
    activation_id: `act_${n}`,
    lease_id: `lse_${n}`,
    user_ref: `usr_${n}`,
    product_id: `prd_${n}`,
    policy_id: `pol_${n}`,
    project_id: `prj_${n}`,
    api_key_id: `key_${n}`,
    invitation_id: `inv_${n}`,
    user_id: `usr_${n}`,
    revision: `${n + 1_000}`,
    position: `${n}`,
    code: `product_${n}`,
    name: `Name ${n}`,
    tier: one(100, 'ENTERPRISE') ?? 'PRO',
    key_hash: `\\x${testHash(`${n}`)}`,
    created_at: at,
    policy_created_at: at,
    activated_at: at,
    acquired_at: at,
    assigned_at: at,
    joined_at: at,
    invited_at: at,
    expires_at: at,
    archived_at: one(4, at),
    removed_at: one(4, at),
    cause: one(4, 'ADMIN'),
    deactivated_at: one(4, at),
    ended_at: one(4, at),
    unassigned_at: one(4, at),
    withdrawn_at: one(4, at),
    last_seen_at: null,
    seat_free_at: null,
  };
};

/** The values that differ from row to row in one table. */
export const variedOf: Readonly<Record<string, (n: number) => Row>> = {
  licenses: (n) => ({
    license_id: `lic_${n}`,
    external_ref: `Sub_${n}`,
    products: [n % 100 === 0 ? 'rare' : 'local_cli'],
    revoked_at: n % 200 === 0 ? testInstant(n) : null,
    more: {},
    suspension_reason: n % 200 === 100 ? 'ADMIN' : null,
    suspended_until: null,
    suspended_since: n % 200 === 100 ? testInstant(n) : null,
  }),
  license_products: (n) => ({ license_id: `lic_${n}`, product: n % 100 === 0 ? 'rare' : 'local_cli', removed: false }),
  license_usage_levels: (n) => ({ license_id: `lic_${n}` }),
  license_last_validations: (n) => ({
    ...{ license_id: `lic_${n}`, is_active: n % 3 > 0, created_at: testInstant(n * 6_000) },
  }),
  ...Object.fromEntries(
    ['periods', 'days', 'corrections'].map((of) => [`usage_${of}`, (n) => ({ license_id: `lic_${n}` })]),
  ),
  license_offers: (n) => ({
    ...{ license_id: `lic_${n}`, issuer_org_id: `org_${n}`, holder_org_id: n % 100 === 0 ? vendor : `org_${n + 1}` },
    ...{ offered_at: testInstant(n * 60), expires_at: testInstant(200 * 86_400), open: true },
  }),
  issuer_decisions: (n) => ({ decided_org_id: `org_${n}`, decision: 'TRUSTED' }),
  organizations: (n) => ({ organization_id: `org_${n}`, issuer_org_id: `org_${n}` }),
  license_keys: (n) => ({ key_version: n + 2 }),
  releases: (n) => ({
    ...{ product: n % 4 === 0 ? 'local_cli' : 'cloud_ide', version: `1.0.${n}`, version_order: `${n}` },
    ...{ channel: n % 20 === 0 ? 'beta' : 'stable', released_at: testInstant(n * 60) },
  }),
  catalogs: (n) => ({ issuer_org_id: `org_${n}` }),
  invitations: () => ({ accepted_at: null, user_id: null }),
};
