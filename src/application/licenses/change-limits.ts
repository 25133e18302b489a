import { limitOverrides } from '../../domain/license/overrides/overrides.ts';
import type { LimitStrategy } from '../../domain/license/policy.ts';
import type { LimitsAndRules } from '../../domain/license/usage/meter-rules.ts';
import { changedLimits } from '../../domain/license/usage/usage-limits.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The limits to change. Null removes a meter. Without a strategy the strategy of the policy applies. */
export type LimitChanges = {
  readonly limits: LimitsAndRules;
  readonly strategy?: LimitStrategy | undefined;
};

/** Changes the named limits of a license. Concurrent changes of other limits stay. */
export const changeLimits = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { limits, strategy }: LimitChanges,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'sellLicenses',
    command: (at) => ({
      at,
      compose: ({ facts }) => {
        const changed = changedLimits(facts.limits, limits);
        const data = {
          limits: changed,
          overrides: limitOverrides(limits),
          ...(strategy === undefined ? {} : { strategy }),
        };
        return [{ type: 'ChangeLimits', at, data }];
      },
    }),
  });
