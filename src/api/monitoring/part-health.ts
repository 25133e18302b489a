import type { UnavailableCause } from '../problems/unavailable-causes.ts';

/**
 * The health of one part of a process. `degraded`: something is missing, and the process still answers validations
 * correctly. `failing`: it does not. `since`: the instant at which this process noticed it, in ISO 8601.
 */
export type PartHealth =
  | { readonly part: string; readonly state: 'ok' }
  | ({ readonly part: string; readonly since: string } & Trouble);

/** Why a part is not well. `cause` explains the status 503 that a failing part leads to. */
export type Trouble =
  | { readonly state: 'degraded'; readonly reason: string }
  | { readonly state: 'failing'; readonly reason: string; readonly cause: UnavailableCause };

/** A part that is not well. */
export type Fault = Exclude<PartHealth, { readonly state: 'ok' }>;

/** `failing`: the process cannot answer validations correctly. `degraded`: it can, and an operator must do something. */
export type HealthStatus = 'ok' | 'degraded' | 'failing';

/** Returns the parts that are not well. The failing ones come first. */
export const faultsOf = (parts: readonly PartHealth[]): readonly Fault[] => {
  const faults = parts.filter((part): part is Fault => part.state !== 'ok');
  return [...faults.filter(({ state }) => state === 'failing'), ...faults.filter(({ state }) => state === 'degraded')];
};

/** Returns the status of a process with these parts: that of its worst part. */
export const healthStatus = (parts: readonly PartHealth[]): HealthStatus => faultsOf(parts)[0]?.state ?? 'ok';
