import { type Rejection, reject } from '../../decider.ts';

/** The limit that allows any amount. It is a text, so that nothing adds it up or takes it for a number. */
export const unlimited = 'unlimited';

/** A usage limit: a whole number, 0 or more, or `unlimited`. The functions of this file compare it with a use. */
export type Limit = number | typeof unlimited;

/** How many devices, seats, users and units of each meter a license allows. */
export type Limits = {
  readonly activations: Limit;
  readonly seats: Limit;
  readonly users: Limit;
  readonly meters: Readonly<Record<string, Limit>>;
};

/**
 * How far usage may exceed a limit: not at all, up to a percentage of it (100 and more, rounded down), or without end.
 */
export type Overage =
  | { readonly kind: 'NONE' }
  | { readonly kind: 'RATIO'; readonly percent: number }
  | { readonly kind: 'ALWAYS' };

/** Returns true for a whole number, 0 or more, and for `unlimited`. */
export const isLimit = (value: unknown): value is Limit =>
  value === unlimited || (Number.isSafeInteger(value) && (value as number) >= 0);

/** Returns the refusal's text about a value that `isLimit` rejects. `name`: what has the limit. */
export const notLimit = (name: string, value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `${name} must be a whole number, 0 or more, or "${unlimited}", not ${text}.`;
};

/** Returns true when the use exceeds the limit. */
export const isAbove = (used: number, limit: Limit): boolean => limit !== unlimited && used > limit;

/** Returns true when the limit is used up, so that one more would exceed it. */
export const isUsedUp = (used: number, limit: Limit): boolean => limit !== unlimited && used >= limit;

/** Returns by how much the use exceeds the limit; 0 when it does not. */
export const excessOf = (used: number, limit: Limit): number => (limit === unlimited ? 0 : Math.max(0, used - limit));

/** Returns the highest of the limits that are numbers, and whether one of them is unlimited. */
export const highestOf = (limits: readonly Limit[]): { readonly number: number; readonly isUnlimited: boolean } => ({
  number: Math.max(0, ...limits.filter((limit) => limit !== unlimited)),
  isUnlimited: limits.includes(unlimited),
});

/** Returns how much may be in use under a limit, overage included; Infinity when the limit or overage has no end. */
export const capacity = (limit: Limit, overage: Overage): number => {
  if (limit === unlimited) return Number.POSITIVE_INFINITY;
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
export const keptCapacity = (limit: Limit, overage: Overage): number =>
  limit !== unlimited && overage.kind === 'RATIO'
    ? Math.max(limit, Number((BigInt(limit) * BigInt(overage.percent) + 99n) / 100n))
    : capacity(limit, overage);

/** Refuses limits that are no limits, with the place of the first of them. */
export const refuseLimits = ({ activations, seats, users, meters }: Limits): Rejection<'LIMIT_INVALID'> | null => {
  for (const [name, limit] of Object.entries({ activations, seats, users }))
    if (!isLimit(limit)) return reject('LIMIT_INVALID', notLimit(`The limit of ${name}`, limit), 'limits', name);
  for (const [meter, limit] of Object.entries(meters))
    if (!isLimit(limit))
      return reject('LIMIT_INVALID', notLimit(`The limit of meter ${meter}`, limit), 'limits', 'meters', meter);
  return null;
};

/** A change of limits: an absent limit stays as it is, and null removes a meter. */
export type LimitsChange = {
  readonly activations?: Limit | undefined;
  readonly seats?: Limit | undefined;
  readonly users?: Limit | undefined;
  readonly meters?: Readonly<Record<string, Limit | null>> | undefined;
};

/** Returns the limits after a change. */
export const changedLimits = (limits: Limits, change: LimitsChange): Limits => {
  const { activations = limits.activations, seats = limits.seats, users = limits.users } = change;
  const meters = Object.entries({ ...limits.meters, ...change.meters }).filter(isPresent);
  return { activations, seats, users, meters: Object.fromEntries(meters) };
};

const isPresent = (entry: [string, Limit | null]): entry is [string, Limit] => entry[1] !== null;

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
