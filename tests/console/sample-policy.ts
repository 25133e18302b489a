import type { Policy } from '../../src/console/types.ts';

/** A policy with a value of each kind. */
export const policy: Policy = {
  ...{ id: 'pol_1', version: 2, name: 'Team', tier: 'PRO', type: 'SUBSCRIPTION', expiryStrategy: 'RESTRICT' },
  ...{ expiryGraceSeconds: 604_800, validationTtlSeconds: 86_400, offlineGraceSeconds: 5_400 },
  ...{ overage: { kind: 'NONE' }, limitStrategy: 'ALLOW_OVER' },
  deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: null },
  ...{ fingerprintMatching: 'EXACT', componentCheck: 'NONE', fingerprintUniqueness: 'LICENSE' },
  ...{ fingerprintRequired: false, productRequired: false },
  lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 0 },
  ...{ heartbeatSeconds: null, remindBefore: ['P30D', 'P1Y6M'], trialEnd: 'EXPIRE', trialDays: 'DROP' },
  ...{ trialAddressIgnores: ['TAG'], reinstateOnPayment: true, transferable: true, renewUntilSeconds: null },
  ...{ renewalDuration: null, renewalBasis: null, checkInSeconds: null, userRequired: false, versionRequired: false },
  ...{ environmentRequired: false, releasedAtRequired: false, leaseRequired: false, environment: null },
  ...{ maintenance: 'TERM', versions: { from: '1.0.0', below: null }, deactivateOnUnassign: false },
  ...{ devicesPerUser: null, deactivateUnseenAfter: 'P90D', usagePerMinute: 600, keepAddressPrefix: false },
  ...{ reclaimBorrowed: false, deactivateByKey: 'ANY', deviceNamesByKey: false, products: ['draw'] },
  term: { basis: 'ISSUE', duration: 'P1Y' },
  limits: {
    ...{ activations: 25, seats: 0, users: 'unlimited' },
    meters: { builds: { limit: 100, resets: 'P1M', overage: { kind: 'RATIO', percent: 120 } } },
  },
  entitlements: [{ code: 'export', value: null, limit: 5, until: '2030-01-01T00:00:30.000Z', source: 'tier' }],
  ...{ createdAt: '2026-01-01T00:00:00.000Z', versionCreatedAt: '2026-02-01T00:00:00.000Z', archivedAt: null },
};
