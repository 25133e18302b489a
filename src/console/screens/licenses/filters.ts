import type { InputOf } from '@license-ledger/client';

type Query = NonNullable<InputOf<'listLicenses'>['query']>;

/** The values of each filter with a choice. */
export const choices = {
  status: ['ACTIVE', 'EXPIRING', 'EXPIRED', 'SUSPENDED', 'REVOKED', 'INACTIVE'],
  suspendedFor: ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'],
  tier: ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'],
  activations: ['0', 'AT_LIMIT'],
  seats: ['0', 'AT_LIMIT'],
  ends: ['30', '90'],
  sort: ['-createdAt', 'createdAt', 'expiresAt', '-expiresAt'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The name of a filter with a choice. */
export type ChoiceName = keyof typeof choices;

/**
 * The filters of the list, as its address has them. `ends` is a number of days from today on. `contains` is a part of
 * the reference or of the customer.
 */
export type Filters = { readonly [Name in ChoiceName]?: (typeof choices)[Name][number] } & {
  readonly contains?: string;
};

const names = Object.keys(choices) as readonly ChoiceName[];
const containsMin = 3;
const containsMax = 200;

/** Returns the filters in an address. Unknown values are ignored. */
export const filtersIn = (search: Record<string, unknown>): Filters => {
  const filters: Record<string, string> = {};
  for (const name of names) {
    // The address may have the number 0.
    const value = choices[name].find((choice) => choice === String(search[name]));
    if (value !== undefined && !isDefault(name, value)) filters[name] = value;
  }
  const contains = typeof search.contains === 'string' || typeof search.contains === 'number' ? search.contains : '';
  const text = String(contains).trim();
  if (text.length >= containsMin && text.length <= containsMax) filters.contains = text;
  return consistent(filters as Filters);
};

const isDefault = (name: ChoiceName, value: string): boolean => name === 'sort' && value === '-createdAt';

/** Returns the filters without those that do not go together. A reason of a suspension decides the status. */
const consistent = ({ sort, ...filters }: Filters): Filters => {
  const { suspendedFor, status, ends, ...others } = filters;
  const isByEnd = ends !== undefined || status === 'EXPIRING';
  const isServed = sort !== undefined && (!isByEnd || sort === '-expiresAt');
  return {
    ...others,
    ...(suspendedFor === undefined ? {} : { suspendedFor }),
    ...(status === undefined || suspendedFor !== undefined ? {} : { status }),
    ...(ends === undefined ? {} : { ends }),
    ...(isServed ? { sort } : {}),
  };
};

/** Returns the filters after one of them has changed. An empty value removes it. */
export const withFilter = (filters: Filters, name: keyof Filters, value: string): Filters => {
  // The newer one of two that do not go together stays.
  const { status, suspendedFor, ...others } = filters;
  const isStatus = name === 'status' || name === 'suspendedFor';
  return filtersIn({ ...others, ...(isStatus ? {} : { status, suspendedFor }), [name]: value });
};

/** Returns the query of the filters. `today` is the start of the day on which the list was opened. */
export const queryOf = ({ ends, ...filters }: Filters, today: Date): Query => ({
  ...filters,
  ...(ends === undefined
    ? {}
    : {
        ...(filters.status === undefined && filters.suspendedFor === undefined ? { status: 'ACTIVE' as const } : {}),
        expiresAfter: today.toISOString(),
        expiresBefore: new Date(today.getTime() + (Number(ends) + 1) * dayMs).toISOString(),
      }),
});

const dayMs = 86_400_000;

/** Returns the start of the UTC day, so that all pages of a list have the same filters. */
export const startOfDay = (now: Date): Date => new Date(Math.floor(now.getTime() / dayMs) * dayMs);

/** Returns true when both have the same filters. */
export const isSameView = (one: Filters, other: Filters): boolean => keyOf(one) === keyOf(other);

const keyOf = (filters: Filters): string => JSON.stringify(Object.entries(filters).toSorted());
