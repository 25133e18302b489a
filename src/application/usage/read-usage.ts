import type { Pool } from 'pg';
import { dayOf } from '../../domain/license/forget.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { runningSums } from '../../domain/license/usage/meter-sums.ts';
import { countedPeriod, usageAt } from '../../domain/license/usage/term-counters.ts';
import { isAbove } from '../../domain/license/usage/usage-limits.ts';
import { firstInstant, fromMs, type Instant, toMs } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import {
  correctedSums,
  type DayPlace,
  type PeriodPlace,
  type RunningCounters,
  type UsageOfDay,
  type UsageOfPeriod,
  usageByDay,
  usageByPeriod,
} from '../../projections/queries/usage-sums.ts';
import { readCurrentRows } from '../reading/parked-license.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

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
export const readUsageByPeriod = async (
  needs: Needs,
  organizationId: string,
  { licenseId, meter, from, to, limit }: UsageRange,
  after: PeriodPlace | null,
): Promise<readonly PeriodOfUsage[] | Refusal> => {
  const at = needs.now();
  const read = await readCurrentRows(needs, organizationId, licenseId, async (db, _, facts) => {
    const running = runningCounters(facts, { from, to }, at);
    const range = { licenseId, meter: meter ?? null, from: from ?? null, to: to ?? null, limit, running };
    return { facts, page: await usageByPeriod(db, range, after) };
  });
  if (isRefusal(read)) return read;
  const { facts } = read;
  const periods = await withCorrected(needs, facts, read.page, 'counter');
  return periods.map((period) => withTotal(period, facts, at));
};

/** Returns a page of the use by UTC day, newest first. A day counts whole when the range has a part of it. */
export const readUsageByDay = async (
  needs: Needs,
  organizationId: string,
  { licenseId, meter, from, to, limit }: UsageRange,
  after: DayPlace | null,
): Promise<readonly UsageOfDay[] | Refusal> => {
  const days = {
    from: from === undefined ? null : dayOf(from),
    // The range ends before `to`, so midnight begins no further day.
    to: to === undefined ? null : dayOf(fromMs(Math.max(toMs(firstInstant), toMs(to) - 1))),
  };
  const read = await readCurrentRows(needs, organizationId, licenseId, async (db, _, facts) => ({
    facts,
    page: await usageByDay(db, { licenseId, meter: meter ?? null, ...days, limit }, after),
  }));
  return isRefusal(read) ? read : withCorrected(needs, read.facts, read.page, 'day');
};

/**
 * Adds what corrections took back. It asks as the issuer, because a correction may come from the time of another holder.
 * It reads only the corrections of the periods or days on the page.
 */
const withCorrected = async <
  By extends string,
  Entry extends { readonly meter: string } & Readonly<Record<By, unknown>>,
>(
  { pool }: Needs,
  { issuerOrgId, licenseId }: LicenseFacts,
  { revision, entries }: { readonly revision: string; readonly entries: readonly Entry[] },
  by: By & ('counter' | 'day'),
): Promise<readonly (Entry & { readonly corrected: number })[]> => {
  const keys = entries.map((entry) => `${entry.meter} ${entry[by]}`);
  const sums = await asTenant(pool, issuerOrgId, (db) => correctedSums(db, licenseId, { by, keys, revision }));
  return entries.map((entry) => ({ ...entry, corrected: sums.get(`${entry.meter} ${entry[by]}`) ?? 0 }));
};

const runningCounter = (facts: LicenseFacts, meter: string, at: Instant): number | undefined =>
  runningSums({ usage: usageAt(facts, at), meterSums: facts.meterSums }, meter)?.counter;

/** Returns the counters that run at `at`, by whether their present period overlaps the range. */
const runningCounters = (
  facts: LicenseFacts,
  { from, to }: Pick<UsageRange, 'from' | 'to'>,
  at: Instant,
): RunningCounters => {
  const [inRange, outOfRange]: [string[], string[]] = [[], []];
  for (const meter of Object.keys(facts.meterSums)) {
    const counter = runningCounter(facts, meter, at);
    if (counter === undefined) continue;
    const { periodStart, periodEnd } = countedPeriod(facts, meter, at);
    const startsBefore = to === undefined || periodStart < to;
    const endsAfter = from === undefined || periodEnd === null || periodEnd > from;
    (startsBefore && endsAfter ? inRange : outOfRange).push(`${meter} ${counter}`);
  }
  return { inRange, outOfRange };
};

const withTotal = (period: UsageOfPeriod, facts: LicenseFacts, at: Instant): PeriodOfUsage => {
  const { meter, recorded, carried, corrected, reset } = period;
  const total = recorded + carried - corrected - reset;
  if (runningCounter(facts, meter, at) !== period.counter)
    return { ...period, total, overage: isAbove(total, period.limit), isRunning: false };
  const limit = Object.hasOwn(facts.limits.meters, meter) ? (facts.limits.meters[meter] ?? 0) : 0;
  const { resets = 'TERM', periodStart, periodEnd } = countedPeriod(facts, meter, at);
  return { ...period, resets, periodStart, periodEnd, total, limit, overage: isAbove(total, limit), isRunning: true };
};
