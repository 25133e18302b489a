import { type Rejection, reject } from '../../decider.ts';

/** How many devices, seats, users and units of each meter a license allows. */
export type Limits = {
  readonly activations: number;
  readonly seats: number;
  readonly users: number;
  readonly meters: Readonly<Record<string, number>>;
};

/**
 * How far usage may exceed a limit: not at all, up to a percentage of it (100 and more, rounded down), or without end.
 */
export type Overage =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'RATIO'; readonly percent: number }
  | { readonly kind: 'ALWAYS' };

/** Returns how much may be in use under a limit, overage included; Infinity when the overage has no end. */
export const capacity = (limit: number, overage: Overage): number => {
  switch (overage.kind) {
    case 'NONE':
      return limit;
    case 'RATIO':
      // Whole numbers only: limit × percent ÷ 100, rounded down.
      return Math.max(limit, Number((BigInt(limit) * BigInt(overage.percent)) / 100n));
    case 'ALWAYS':
      return Number.POSITIVE_INFINITY;
  }
};

/**
 * Returns how much may stay in use under a limit without making the license invalid. Earlier releases rounded a
 * percentage up, so one device, seat or user more may be in use.
 */
export const keptCapacity = (limit: number, overage: Overage): number =>
  overage.kind === 'RATIO'
    ? Math.max(limit, Number((BigInt(limit) * BigInt(overage.percent) + 99n) / 100n))
    : capacity(limit, overage);

/** Refuses limits that are not whole numbers from 0 on. The refusal names the first of them. */
export const refuseLimits = ({ activations, seats, users, meters }: Limits): Rejection<'LIMIT_INVALID'> | null => {
  const limits: readonly (readonly [string, number])[] = [
    ['activations', activations],
    ['seats', seats],
    ['users', users],
    ...Object.entries(meters).map(([meter, limit]) => [`meter ${meter}`, limit] as const),
  ];
  const invalid = limits.find(([, limit]) => !Number.isSafeInteger(limit) || limit < 0);
  if (invalid === undefined) return null;
  const [name, limit] = invalid;
  return reject('LIMIT_INVALID', `The limit of ${name} must be a whole number, 0 or more, not ${limit}.`);
};

/** A change of limits: an absent limit stays as it is, and null removes a meter. */
export type LimitsChange = {
  readonly activations?: number | undefined;
  readonly seats?: number | undefined;
  readonly users?: number | undefined;
  readonly meters?: Readonly<Record<string, number | null>> | undefined;
};

/** Returns the limits after a change. */
export const changedLimits = (limits: Limits, change: LimitsChange): Limits => {
  const { activations = limits.activations, seats = limits.seats, users = limits.users } = change;
  const meters = Object.entries({ ...limits.meters, ...change.meters }).filter(isLimit);
  return { activations, seats, users, meters: Object.fromEntries(meters) };
};

const isLimit = (entry: [string, number | null]): entry is [string, number] => entry[1] !== null;

/** Returns true when both allow the same. */
export const sameLimits = (a: Limits, b: Limits): boolean => {
  const meters = Object.keys(a.meters);
  return (
    a.activations === b.activations &&
    a.seats === b.seats &&
    a.users === b.users &&
    meters.length === Object.keys(b.meters).length &&
    meters.every((meter) => a.meters[meter] === b.meters[meter])
  );
};
