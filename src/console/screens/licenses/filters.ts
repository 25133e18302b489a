import type { InputOf } from '@license-ledger/client';
import { texts } from '../../texts/catalogue.ts';

type Query = NonNullable<InputOf<'listLicenses'>['query']>;

/** The filters of the list, as its address has them. */
export type Filters = Pick<Query, 'status' | 'tier' | 'activations' | 'sort'>;

const statuses = Object.keys(texts.licenses.statuses) as readonly (keyof typeof texts.licenses.statuses)[];
const activations = Object.keys(texts.licenses.activations) as readonly (keyof typeof texts.licenses.activations)[];
const sorts = Object.keys(texts.licenses.sorts) as readonly (keyof typeof texts.licenses.sorts)[];
const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;

/** The values of each filter. */
export const choices = { status: statuses, tier: tiers, activations, sort: sorts } as const;

/** Returns the filters in an address. Unknown values are ignored. */
export const filtersIn = (search: Record<string, unknown>): Filters => {
  const filters: { -readonly [Name in keyof Filters]: Filters[Name] } = {};
  const status = statuses.find((value) => value === search.status);
  const tier = tiers.find((value) => value === search.tier);
  // The address may have the number 0.
  const used = activations.find((value) => value === String(search.activations));
  const sort = sorts.find((value) => value === search.sort);
  if (status !== undefined) filters.status = status;
  if (tier !== undefined) filters.tier = tier;
  if (used !== undefined) filters.activations = used;
  if (sort !== undefined) filters.sort = sort;
  return filters;
};
