import { type Rejection, reject } from '../../decider.ts';
import type { LicenseFacts } from '../license.ts';
import type { Limits } from '../usage/usage-limits.ts';
import type { Overrides } from './overrides.ts';

/**
 * The most meters of a policy, and of a license. A meter of a license that the issuer removed counts, because an override
 * keeps it removed. A license of an earlier build may have more.
 */
export const metersMax = 100;

/** Returns how many meters a license has, the removed ones included. */
export const metersOf = ({ limits, overrides }: Metered): number =>
  new Set([...Object.keys(limits.meters), ...Object.keys(overrides?.limits?.meters ?? {})]).size;

/** Refuses a change that gives a license more meters than it has, and more than `metersMax`. */
export const refuseMoreMeters = (facts: LicenseFacts, after: Metered): Rejection<'QUOTA_EXCEEDED'> | null => {
  const meters = metersOf(after);
  if (meters <= metersMax || meters <= metersOf(facts)) return null;
  return reject(
    'QUOTA_EXCEEDED',
    `License ${facts.licenseId} would have ${meters} meters, those that were removed included. At most ${metersMax} are possible. Use meters that it has, or change its policy with overrides RESET.`,
  );
};

type Metered = { readonly limits: Limits; readonly overrides?: Overrides | null | undefined };
