import type { Pool, PoolClient } from 'pg';
import { fromMs, type Instant, toMs } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import {
  type DayOfValidations,
  issuedValidations,
  lastAndRecentValidations,
  validationsOf,
} from '../../records/validation-counts.ts';
import type { Refusal } from '../refusal.ts';
import { readLicenseRows } from './parked-license.ts';

type Needs = { readonly pool: Pool; readonly executor: Executor; readonly now: () => Instant };

/** UTC days as `YYYY-MM-DD`, both included. */
export type Days = { readonly from: string; readonly to: string };

const dayMs = 86_400_000;
const recentDays = 7;

/** Returns the UTC day of an instant, or the day that is `days` earlier. */
export const dayOf = (instant: Instant, days = 0): string => fromMs(toMs(instant) - days * dayMs).slice(0, 10);

/** Returns how many days the range has. */
export const lengthOf = ({ from, to }: Days): number =>
  (toMs(`${to}T00:00:00.000Z`) - toMs(`${from}T00:00:00.000Z`)) / dayMs + 1;

/**
 * Returns the validations of a license that the organization issues or holds, by UTC day and product, the oldest first.
 * A holder sees the days on which it held the license.
 */
export const readValidations = (
  needs: Needs,
  organizationId: string,
  licenseId: string,
  days: Days,
): Promise<readonly DayOfValidations[] | Refusal> =>
  readLicenseRows(needs, organizationId, licenseId, (db) => validationsOf(db, licenseId, days));

/**
 * Returns the validations of all licenses that the organization issues, by UTC day and product, the oldest first. An API
 * key that is limited to products counts only the licenses that it sees.
 */
export const readIssuedValidations = (
  { pool }: Pick<Needs, 'pool'>,
  organizationId: string,
  days: Days,
): Promise<readonly DayOfValidations[]> =>
  asTenant(pool, organizationId, (db) => issuedValidations(db, organizationId, days));

/** The validations of the last 7 UTC days, and the instant of the last one, null before the first. */
export type RecentUse = {
  readonly lastValidatedAt: Instant | null;
  readonly recentValidations: readonly DayOfValidations[];
};

export const noUse: RecentUse = { lastValidatedAt: null, recentValidations: [] };

/** Returns the recent use of a license. For asTenant of its issuer, or of its holder, which sees its own days. */
export const readRecentUse = async (db: PoolClient, licenseId: string, at: Instant): Promise<RecentUse> => {
  const from = dayOf(at, recentDays - 1);
  const { lastValidatedAt, validations } = await lastAndRecentValidations(db, licenseId, from);
  return { lastValidatedAt, recentValidations: validations };
};
