import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { IssuedLicense, License, PaidTerm } from '../../domain/license/license.ts';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import { settledAt } from '../../domain/license/settle.ts';
import { paidTermOf } from '../../domain/license/term/paid-terms.ts';
import type { RenewalBasis } from '../../domain/license/term/term-events.ts';
import type { Instant } from '../../domain/time.ts';
import { findPolicyDuration } from '../catalog/find-policy-duration.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/**
 * The next term: a duration from the basis, or a fixed end. The policy and the last term say what the request leaves
 * out. The license renews once for a payment, `billingRef`.
 */
export type Renewal = {
  readonly duration?: string | undefined;
  readonly basis?: RenewalBasis | undefined;
  readonly expiresAt?: Instant | undefined;
  readonly billingRef?: string | undefined;
};

/** Starts the next term of a license. The view is the term that the payment bought, now or earlier. */
export const renewLicense = (
  needs: CommandNeeds,
  request: LicenseRequest,
  renewal: Renewal,
): Promise<ChangedLicense<PaidTerm | null> | Refusal> =>
  changeLicense(needs, request, {
    power: 'renewLicenses',
    command: async (at) => {
      const { duration, basis, expiresAt, billingRef } = renewal;
      const reasonCode = request.reason?.code ?? null;
      const payment = { reasonCode, ...(billingRef === undefined ? {} : { billingRef }) };
      if (expiresAt !== undefined) return { type: 'Renew', at, data: { expiresAt, ...payment } };
      const from = basis === undefined ? {} : { basis };
      if (duration !== undefined) return { type: 'Renew', at, data: { duration, ...from, ...payment } };
      return renewAsPolicy(needs, request, at, { ...from, ...payment });
    },
    view: (license) => paidTermOf(license, renewal.billingRef),
  });

/** Returns a renewal without a duration, with the duration that the license's policy has in the catalog. */
const renewAsPolicy = async (
  { executor }: CommandNeeds,
  { licenseId }: LicenseRequest,
  at: Instant,
  data: CommandOf<'Renew'>['data'],
) => {
  const pinned = await executor.read(licenseAggregate, licenseId, (license) => policyOf(settledAt(license, at)));
  const policyDuration = pinned === null ? null : await findPolicyDuration(executor, pinned.issuerOrgId, pinned.policy);
  const command = { type: 'Renew', at, data: policyDuration === null ? data : { ...data, policyDuration } } as const;
  return {
    at,
    compose: (license: IssuedLicense) => {
      // A payment that was reported before is only repeated, whatever policy the license has now.
      const isRepeated = paidTermOf(license, data.billingRef) !== null;
      const isSame = pinned === null || isSamePolicy(license.facts.policy, pinned.policy);
      return isRepeated || isSame ? [command] : movedMeanwhile;
    },
  };
};

const policyOf = (license: License) =>
  license.kind === 'unissued' ? null : { issuerOrgId: license.facts.issuerOrgId, policy: license.facts.policy };

const isSamePolicy = (one: PinnedPolicy, other: PinnedPolicy): boolean =>
  one.policyId === other.policyId && one.version === other.version;

const movedMeanwhile: Refusal = {
  rejected: 'CONCURRENT_MODIFICATION',
  detail: 'The license moved to another policy at the same time. Send the request again.',
};
