import { isRejection } from '../../domain/decider.ts';
import type { TermRequest } from '../../domain/license/issue/issue-commands.ts';
import type { IssuedLicense, PaidTerm } from '../../domain/license/license.ts';
import { paidTermOf, repeatedPurchase } from '../../domain/license/term/paid-terms.ts';
import type { ConversionTerm } from '../../domain/license/tiers/tier-commands.ts';
import { findOffer, type OfferRequest, targetOf } from '../catalog/find-offer.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { type MoveRules, mayLose } from './move-to-policy.ts';
import { refuseUnconfirmed } from './preview/confirm-losses.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The paid license that a trial becomes. Without a term it gets the term of the policy, from now on. */
export type Conversion = OfferRequest &
  MoveRules & {
    readonly term?: ConversionTerm | undefined;
    readonly billingRef: string | null;
  };

/**
 * Converts a trial to a paid license. Its first paid term starts now. The view is the term that the payment bought, now
 * or earlier.
 */
export const convertTrial = (
  needs: CommandNeeds,
  request: LicenseRequest,
  conversion: Conversion,
): Promise<ChangedLicense<PaidTerm | null> | Refusal> =>
  changeLicense(needs, request, {
    power: 'sellLicenses',
    command: async (at) => {
      const offered = await findOffer(needs.executor, request.caller.organizationId, conversion);
      return {
        at,
        compose: (license: IssuedLicense) => {
          // The catalog may have changed since the payment was reported first.
          const repeated = repeatedPurchase(license, conversion);
          if (repeated !== null) return isRejection(repeated) ? repeated : [];
          if (isRefusal(offered)) return offered;
          const { term = fromNow(offered.term), billingRef, overrides } = conversion;
          const target = targetOf(offered, overrides);
          const command = { type: 'ConvertTrial', at, data: { target, term, billingRef } } as const;
          return (mayLose(request, conversion) ? null : refuseUnconfirmed(license, command)) ?? [command];
        },
      };
    },
    view: (license) => paidTermOf(license, conversion.billingRef),
  });

/** Returns the term of a policy, started by the conversion and not by a first use. */
const fromNow = (term: TermRequest): ConversionTerm => {
  switch (term.kind) {
    case 'perpetual':
      return { kind: 'perpetual' };
    case 'fixed':
      return { kind: 'fixed', expiresAt: term.expiresAt };
    case 'duration':
    case 'firstActivation':
    case 'firstValidation':
      return { kind: 'duration', duration: term.duration };
  }
};
