import type { LimitStrategy } from '../../domain/license/policy.ts';
import type { Limits } from '../../domain/license/usage/usage-limits.ts';
import type { Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** The limits to change. Null removes a meter. Without a strategy the strategy of the policy applies. */
export type LimitChanges = {
  readonly limits: {
    readonly activations?: number | undefined;
    readonly seats?: number | undefined;
    readonly users?: number | undefined;
    readonly meters?: Readonly<Record<string, number | null>> | undefined;
  };
  readonly strategy?: LimitStrategy | undefined;
};

/** Changes the named limits of a license. Concurrent changes of other limits stay. */
export const changeLimits = (
  needs: CommandNeeds,
  request: LicenseRequest,
  { limits, strategy }: LimitChanges,
): Promise<ChangedLicense | Refusal> =>
  changeLicense(needs, request, {
    power: 'changeLicenses',
    command: (at) => ({
      at,
      compose: ({ facts }) => {
        const data = { limits: changed(facts.limits, limits), ...(strategy === undefined ? {} : { strategy }) };
        return [{ type: 'ChangeLimits', at, data }];
      },
    }),
  });

const changed = (present: Limits, changes: LimitChanges['limits']): Limits => {
  const { activations = present.activations, seats = present.seats, users = present.users } = changes;
  const meters: Record<string, number> = { ...present.meters };
  for (const [meter, limit] of Object.entries(changes.meters ?? {})) {
    if (limit === null) delete meters[meter];
    else meters[meter] = limit;
  }
  return { activations, seats, users, meters };
};
