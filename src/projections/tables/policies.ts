import type { PolicyVersion } from '../../domain/catalog/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Row, Table } from './rows.ts';

/** `rm.policies`: every version of every policy (db/read-models/082-policies.sql). */
export const policies: Table = {
  name: 'policies',
  key: ['issuer_org_id', 'policy_id', 'version'],
  columns: {
    ...{ issuer_org_id: 'text', policy_id: 'text', version: 'integer', name: 'text', tier: 'text', type: 'text' },
    ...{ policy: 'jsonb', products: 'text[]', term: 'jsonb', limits: 'jsonb', entitlements: 'jsonb' },
    ...{ created_at: 'timestamptz', current: 'boolean', archived_at: 'timestamptz' },
  },
};

/** The row of a new version, the current one until the next. */
export const policyRow = (issuerOrgId: string, version: PolicyVersion, createdAt: Instant): Row => ({
  issuer_org_id: issuerOrgId,
  policy_id: version.policy.policyId,
  version: version.policy.version,
  name: version.name,
  tier: version.policy.tier,
  type: version.policy.type,
  policy: version.policy,
  products: version.products,
  term: version.term,
  limits: version.limits,
  entitlements: version.entitlements,
  created_at: createdAt,
  current: true,
  archived_at: null,
});
