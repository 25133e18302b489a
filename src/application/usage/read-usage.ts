import type { Pool } from 'pg';
import { dayOf } from '../../domain/license/forget.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { runningSums } from '../../domain/license/usage/meter-sums.ts';
import { countedPeriod, usageAt } from '../../domain/license/usage/term-counters.ts';
import { isAbove } from '../../domain/license/usage/usage-limits.ts';
import { fromMs, type Instant, toMs } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import {
  type DayPlace,
  type PeriodPlace,
  type UsageOfDay,
  type UsageOfPeriod,
  usageByDay,
  usageByPeriod,
} from '../../projections/queries/usage-sums.ts';
import { readCurrentRows } from '../reading/parked-license.ts';
import type { Refusal } from '../refusal.ts';

type Needs = { readonly pool: Pool; readonly executor: Executor; readonly now: () => Instant };

/** What to read of a license: use in `[from, to)`, of one meter or all. */
export type UsageRange = {
  readonly licenseId: string;
  readonly meter?: string | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly limit: number;
};

/** The use of a meter in a period. `isRunning`: the meter counts for it now, and it has the present limit. */
export type PeriodOfUsage = UsageOfPeriod & {
  readonly total: number;
  readonly overage: boolean;
  readonly isRunning: boolean;
};

/** Returns a page of the use by period of a license that the organization issues or holds, newest first. */
export const readUsageByPeriod = (
  needs: Needs,
  organizationId: string,
  { licenseId, meter, from, to, limit }: UsageRange,
  after: PeriodPlace | null,
): Promise<readonly PeriodOfUsage[] | Refusal> => {
  const at = needs.now();
  return readCurrentRows(needs, organizationId, licenseId, async (db, _, facts) => {
    const range = { licenseId, meter: meter ?? null, from: from ?? null, to: to ?? null, limit };
    const periods = await usageByPeriod(db, range, after);
    return periods.map((period) => withTotal(period, facts, at));
  });
};

/** Returns a page of the use by UTC day, newest first. A day counts whole when the range has a part of it. */
export const readUsageByDay = (
  needs: Needs,
  organizationId: string,
  { licenseId, meter, from, to, limit }: UsageRange,
  after: DayPlace | null,
): Promise<readonly UsageOfDay[] | Refusal> => {
  const days = {
    from: from === undefined ? null : dayOf(from),
    // The range ends before `to`, so midnight begins no further day.
    to: to === undefined ? null : dayOf(fromMs(toMs(to) - 1)),
  };
  return readCurrentRows(needs, organizationId, licenseId, (db) =>
    usageByDay(db, { licenseId, meter: meter ?? null, ...days, limit }, after),
  );
};

const withTotal = (period: UsageOfPeriod, facts: LicenseFacts, at: Instant): PeriodOfUsage => {
  const { meter, recorded, carried, corrected, reset } = period;
  const total = recorded + carried - corrected - reset;
  const running = runningSums({ usage: usageAt(facts, at), meterSums: facts.meterSums }, meter);
  if (running?.counter !== period.counter)
    return { ...period, total, overage: isAbove(total, period.limit), isRunning: false };
  const limit = Object.hasOwn(facts.limits.meters, meter) ? (facts.limits.meters[meter] ?? 0) : 0;
  const { resets = 'TERM', periodStart, periodEnd } = countedPeriod(facts, meter, at);
  return { ...period, resets, periodStart, periodEnd, total, limit, overage: isAbove(total, limit), isRunning: true };
};
