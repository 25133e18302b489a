import type { Limits, Overage } from '../events.ts';

/** How much may be in use under a limit, overage included; Infinity where it has no end. */
export const capacity = (limit: number, overage: Overage): number => {
  switch (overage.kind) {
    case 'NONE':
      return limit;
    case 'RATIO':
      // Whole numbers only: limit × percent ÷ 100, rounded up.
      return Math.max(limit, Number((BigInt(limit) * BigInt(overage.percent) + 99n) / 100n));
    case 'ALWAYS':
      return Number.POSITIVE_INFINITY;
  }
};

/** The first limit that is no count, by the name it is told by, with what was asked for; null when all are. */
export const wrongLimit = ({ activations, seats, users, meters }: Limits): readonly [string, number] | null => {
  const named: readonly (readonly [string, number])[] = [
    ['activations', activations],
    ['seats', seats],
    ['users', users],
    ...Object.entries(meters).map(([meter, limit]) => [`meter ${meter}`, limit] as const),
  ];
  return named.find(([, limit]) => !Number.isSafeInteger(limit) || limit < 0) ?? null;
};

/** Limits as a request changes them: what is absent stays as it is, a meter of null is taken away. */
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

/** True when both grant the same. */
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
