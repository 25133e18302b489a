import type { CommandOf } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { TermRequest } from '../../src/domain/license/issue/issue-commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { Chance } from './chance.ts';
import { testId } from './license-fixtures.ts';

/** A request about one license. `later`: fields of its body that lie so many milliseconds after it is sent. */
export type LicenseRequest = {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly later?: Readonly<Record<string, number>>;
};

/** What a license with few seats and a short term may be issued with: expiry, grace, lapse and trial end come within seconds. */
export const hurriedOrigin = (
  chance: Chance,
): Pick<CommandOf<'IssueLicense'>['data'], 'policy' | 'term' | 'limits'> => {
  const tier = chance.one(['PRO', 'PRO', 'ENTERPRISE', 'TRIAL'] as const);
  const changed: Partial<PinnedPolicy> = {
    expiryGraceSeconds: chance.one([0, 2]),
    limitStrategy: chance.one(['ALLOW_OVER', 'EVICT_OLDEST', 'REJECT']),
    overage: chance.one([{ kind: 'NONE' }, { kind: 'RATIO', percent: 50 }]),
    lease: { scope: 'INSTANCE', ttlSeconds: chance.one([1, 3, 300]), resurrectSeconds: 5, borrowMaxSeconds: 600 },
    remindBefore: chance.one([[], ['PT1S']]),
    transferable: true,
  };
  const duration = chance.one(['PT2S', 'PT5S', 'PT20S', 'P1Y']);
  return {
    policy: { ...builtInPolicy(tier, testId('pol', tier)), ...changed },
    term: chance.one<TermRequest>([
      { kind: 'duration', duration, startsAt: null },
      { kind: 'firstValidation', duration },
      { kind: 'firstActivation', duration },
    ]),
    limits: { activations: 3 + chance.below(5), seats: 3, users: 3, meters: { builds: 50 } },
  };
};

/** Draws what is asked of a license next: all that changes one, so that many requests meet. */
export const randomRequest = (
  chance: Chance,
  licenseId: string,
  holders: readonly [string, string],
): LicenseRequest => {
  const verb = (name: string, body: object = {}, later: Readonly<Record<string, number>> = {}): LicenseRequest => ({
    ...{ method: 'POST', path: `/v1/licenses/${licenseId}/${name}`, later },
    body: { reason: { code: 'TESTED' }, ...body },
  });
  const use = (name: string, body: object): LicenseRequest => ({
    ...{ method: 'POST', path: `/v1/licenses/${name}`, body: { licenseId, ...body } },
  });
  const fingerprint = `device ${chance.below(9)}`;
  const leaseHolder = `machine ${chance.below(5)}`;
  const product = chance.one(['local_cli', 'cloud_ide']);
  const duration = chance.one(['PT1S', 'PT5S', 'P1M']);
  const draws: readonly [LicenseRequest, ...LicenseRequest[]] = [
    use('validate', { fingerprint }),
    use('validate', { product }),
    ...[1, 2, 3].map(() => use('activate', { fingerprint, product })),
    use('deactivate', { fingerprint }),
    use('swap', { release: { fingerprint: `device ${chance.below(9)}` }, fingerprint }),
    ...[1, 2].map(() => use('leases', { leaseHolder, ...chance.one([{}, { borrowSeconds: 2 }]) })),
    use('usage', { meter: 'builds', quantity: 1, usageId: `usage-${chance.below(1_000)}` }),
    verb('suspend', { reason: { code: chance.one(['PAYMENT', 'FRAUD', 'ADMIN']) } }),
    verb('suspend', { reason: { code: 'PAYMENT' } }, { effectiveAt: chance.one([500, 2_000]) }),
    verb('reinstate'),
    verb('reinstate'),
    ...[1, 2].map(() =>
      verb('renew', { duration, basis: chance.one(['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED']) }),
    ),
    ...[1, 2].map(() => verb('expiry', {}, { to: chance.one([1_500, 3_000, 10_000]) })),
    verb('renewal', { to: chance.one(['auto', 'manual', 'cancelAtPeriodEnd']) }),
    verb('tier', { tier: chance.one(['PRO', 'ENTERPRISE']) }, chance.one([{}, { effectiveAt: 1_000 }])),
    verb('convert', { tier: 'PRO', term: { duration: 'PT10S' } }),
    verb('limits', {
      limits: { activations: chance.one([chance.below(6), chance.below(6), 'unlimited']), seats: chance.below(4) },
      ...chance.one([{}, { strategy: 'EVICT_OLDEST' }]),
    }),
    verb(
      'products',
      chance.one([
        { add: ['workflow_app'] },
        { remove: ['workflow_app'] },
        { remove: ['cloud_ide'] },
        { add: ['cloud_ide'] },
      ]),
    ),
    verb('entitlements', { grant: { code: 'export', limit: chance.below(100) } }),
    verb('users', { user: `user-${chance.below(4)}` }),
    verb('rotate-key', { overlapSeconds: chance.one([0, 1, 600]), cause: 'ROUTINE' }),
    verb('transfer', {
      ...{ toHolderOrganizationId: chance.one([...holders, null]), accepted: true, expiry: 'KEEP' },
      activations: chance.one(['KEEP', 'RELEASE']),
    }),
    chance.percent(20) ? verb('revoke', { reason: { code: 'REFUND' } }) : verb('reinstate'),
  ];
  return chance.one(draws);
};
