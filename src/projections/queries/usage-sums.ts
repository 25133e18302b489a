import type { PoolClient } from 'pg';
import type { MeterResets } from '../../domain/license/usage/meter-rules.ts';
import type { Limit } from '../../domain/license/usage/usage-limits.ts';
import type { Instant } from '../../domain/time.ts';
import { usageDayView } from '../tables/usage/usage-days.ts';
import { usagePeriodView } from '../tables/usage/usage-periods.ts';

/** The use of a meter in one period. The total is `recorded` and `carried`, less `corrected` and `reset`. */
export type UsageOfPeriod = {
  readonly meter: string;
  /** Identifies the counter among those of the meter. */
  readonly counter: number;
  readonly resets: MeterResets;
  readonly periodStart: Instant;
  readonly periodEnd: Instant | null;
  /** The start of the period as the row has it, for the place in the list. */
  readonly startedAt: Instant;
  readonly recorded: number;
  readonly carried: number;
  readonly corrected: number;
  readonly reset: number;
  /** The limit at the last usage, reset or late renewal of the period. */
  readonly limit: Limit;
};

/** The use of a meter on one UTC day. `corrected` belongs to the day of the corrected usage, `reset` to that of the reset. */
export type UsageOfDay = {
  readonly meter: string;
  readonly day: string;
  readonly recorded: number;
  readonly corrected: number;
  readonly reset: number;
};

/** The rows to read: of one license, and of one meter or all. `to` is not included in instants, but in days. */
type Range = {
  readonly licenseId: string;
  readonly meter: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly limit: number;
};

/**
 * The counters that run, as `<meter> <counter>`. Their present period says whether they are in the range, because a row
 * has the period of the last use.
 */
export type RunningCounters = { readonly inRange: readonly string[]; readonly outOfRange: readonly string[] };

/** Where a page of periods ended. */
export type PeriodPlace = { readonly startedAt: Instant; readonly counter: number; readonly meter: string };

/** Where a page of days ended. */
export type DayPlace = { readonly day: string; readonly meter: string };

/** Returns a page of the periods of a license that the tenant of `db` may see and that overlap the range, newest first. */
export const usageByPeriod = async (
  db: PoolClient,
  { licenseId, meter, from, to, limit, running }: Range & { readonly running: RunningCounters },
  after: PeriodPlace | null,
): Promise<UncorrectedPage<UsageOfPeriod>> => {
  const { rows } = await db.query<[revision: string, ...row: unknown[]]>({
    name: 'usage-by-period',
    text: `select ${revisionOf('p')}, ${usagePeriodView.select}
      from rm.usage_periods p
      where p.license_id = $1 and ($2::text is null or p.meter = $2)
        and (p.meter || ' ' || p.counter = any($9::text[]) or p.meter || ' ' || p.counter <> all($10::text[])
          and ($3::timestamptz is null or p.period_end is null or p.period_end > $3)
          and ($4::timestamptz is null or p.period_start < $4))
        and ($5::timestamptz is null or (p.period_start, p.counter, p.meter) < ($5, $6, $7))
      order by p.period_start desc, p.counter desc, p.meter desc limit $8`,
    values: [
      ...[licenseId, meter, from, to, after?.startedAt ?? null, after?.counter ?? null, after?.meter ?? null, limit],
      ...[running.inRange, running.outOfRange],
    ],
    rowMode: 'array',
  });
  const entries = rows.map(([, ...row]) => {
    const { recorded, carried, reset, ...period } = usagePeriodView.read(row);
    const sums = { recorded: Number(recorded), carried: Number(carried), reset: Number(reset) };
    return { ...period, startedAt: period.periodStart, ...sums };
  });
  return { revision: rows[0]?.[0] ?? '0', entries };
};

/** Returns a page of the days of a license that the tenant of `db` may see, newest first. */
export const usageByDay = async (
  db: PoolClient,
  { licenseId, meter, from, to, limit }: Range,
  after: DayPlace | null,
): Promise<UncorrectedPage<UsageOfDay>> => {
  const { rows } = await db.query<[revision: string, ...row: unknown[]]>({
    name: 'usage-by-day',
    text: `select ${revisionOf('d')}, ${usageDayView.select}
      from rm.usage_days d
      where d.license_id = $1 and ($2::text is null or d.meter = $2)
        and ($3::text is null or d.day >= $3) and ($4::text is null or d.day <= $4)
        and ($5::text is null or (d.day, d.meter) < ($5, $6))
      order by d.day desc, d.meter desc limit $7`,
    values: [licenseId, meter, from, to, after?.day ?? null, after?.meter ?? null, limit],
    rowMode: 'array',
  });
  const entries = rows.map(([, ...row]) => {
    const { recorded, reset, ...day } = usageDayView.read(row);
    return { ...day, recorded: Number(recorded), reset: Number(reset) };
  });
  return { revision: rows[0]?.[0] ?? '0', entries };
};

/** A page without what corrections took back, and the revision of the license that its rows contain. */
export type UncorrectedPage<Entry> = {
  readonly revision: string;
  readonly entries: readonly Omit<Entry, 'corrected'>[];
};

const revisionOf = (row: string): string =>
  `(select l.revision from rm.licenses l where l.license_id = ${row}.license_id)`;

/**
 * Returns what corrections took from these counters or days, by `<meter> <counter or day>`, as far as the revision. The
 * tenant of `db` must be the issuer of the license.
 */
export const correctedSums = async (
  db: PoolClient,
  licenseId: string,
  {
    by,
    keys,
    revision,
  }: { readonly by: 'counter' | 'day'; readonly keys: readonly string[]; readonly revision: string },
): Promise<ReadonlyMap<string, number>> => {
  if (keys.length === 0) return new Map();
  const { rows } = await db.query<[key: string, corrected: string]>({
    name: `corrected-by-${by}`,
    text: `select meter || ' ' || ${by}, sum(quantity) from rm.usage_corrections
      where license_id = $1 and revision <= $2 and (meter, ${by}::text) in (
        select split_part(key, ' ', 1), split_part(key, ' ', 2) from unnest($3::text[]) key)
      group by 1`,
    values: [licenseId, revision, keys],
    rowMode: 'array',
  });
  return new Map(rows.map(([key, corrected]) => [key, Number(corrected)]));
};
