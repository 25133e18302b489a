import type { Tier } from '../../../domain/license/policy.ts';
import type { Status } from '../../../domain/license/status.ts';
import type { SuspensionReason } from '../../../domain/license/suspension/suspension-events.ts';
import type { UsageLevel } from '../../../domain/license/usage/usage-levels.ts';
import type { Instant } from '../../../domain/time.ts';

/** The orders of a list of licenses. Those with `-` have the greatest value first. */
export const licenseSorts = ['-createdAt', 'createdAt', 'expiresAt', '-expiresAt'] as const;
export type LicenseSort = (typeof licenseSorts)[number];

/** The permanent place of a license in a list. `instant`: of its creation or its end, by the order. Null: no end. */
export type LicensePlace = { readonly instant: Instant | null; readonly licenseId: string };

/** The filters of a list of licenses, its order and its page. */
export type Listing = {
  readonly orgId: string;
  /** The greatest number of rows. Request one more than a page shows, to know whether there is a next page. */
  readonly limit: number;
  /** Where the previous page ended; null: the first page. */
  readonly after: LicensePlace | null;
  /** Default: `defaultSort` of the filters. */
  readonly sort?: LicenseSort | undefined;
  readonly status?: Status | undefined;
  /** The reason of the suspension, as the last event says it. Use it with status SUSPENDED. */
  readonly suspendedFor?: SuspensionReason | undefined;
  readonly tier?: Tier | undefined;
  readonly product?: string | undefined;
  /** The id of a policy, in any of its versions. */
  readonly policy?: string | undefined;
  /** The level of the devices, as the last event says it. */
  readonly activations?: UsageLevel | undefined;
  /** The level of the seats, as the last event says it. */
  readonly seats?: UsageLevel | undefined;
  /** The references that an assigned user may be stored under. */
  readonly userRefs?: readonly string[] | undefined;
  /** Texts, numbers and truth values that the metadata has, by name, as text. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Only licenses that were issued before this instant and not validated since. */
  readonly lastValidatedBefore?: Instant | undefined;
  /** Only licenses that may be used already, or wait for their first use to begin. Use it with status ACTIVE. */
  readonly hasBegun?: true | undefined;
  readonly externalRef?: string | undefined;
  /** The last group of the current key. */
  readonly keyHint?: string | undefined;
  readonly holder?: string | undefined;
  readonly issuer?: string | undefined;
  /** Only ACTIVE licenses near the end of their term. Use it with status ACTIVE. The list is in the order of ends. */
  readonly isExpiring?: true | undefined;
  /** Only terms that end before this instant. */
  readonly expiresBefore?: Instant | undefined;
  /** Only terms that end at this instant or later. */
  readonly expiresAfter?: Instant | undefined;
  /** The beginning of the reference or of the holder's name, in upper or lower case. */
  readonly q?: string | undefined;
  /** A part of the reference or of the holder's name, in upper or lower case. */
  readonly contains?: string | undefined;
  /** `status` is the status at this instant. */
  readonly now: Instant;
};

/** Returns the order of a list that names none: by the end of the term when it is filtered by that, else newest first. */
export const defaultSort = ({ expiresBefore, expiresAfter, isExpiring }: Ends): LicenseSort =>
  expiresBefore === undefined && expiresAfter === undefined && isExpiring === undefined ? '-createdAt' : 'expiresAt';
type Ends = Pick<Listing, 'expiresBefore' | 'expiresAfter' | 'isExpiring'>;

/** Returns true when an index has this order for these filters: a list by the end of the term is in that order only. */
export const isServed = (sort: LicenseSort, filters: Ends): boolean => isByEnd(sort) || !isByEnd(defaultSort(filters));

/** Returns true for the orders by the end of the term. */
export const isByEnd = (sort: LicenseSort): boolean => sort === 'expiresAt' || sort === '-expiresAt';

/** Returns the order of a listing. */
export const sortOf = (listing: Listing): LicenseSort => listing.sort ?? defaultSort(listing);

/** Returns the order of a list as SQL. `row`: the name of a relation with the columns of lists. */
export const orderOf = (sort: LicenseSort, row: string): string => {
  const direction = sort.startsWith('-') ? 'desc' : 'asc';
  return `${row}.${isByEnd(sort) ? 'ends_at' : 'created_at'} ${direction}, ${row}.license_id ${direction}`;
};
