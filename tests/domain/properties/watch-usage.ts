import type { At } from '../../../src/domain/decider.ts';
import type { EventOf } from '../../../src/domain/license/events.ts';

type Recorded = EventOf<'UsageRecorded' | 'UsageBatchRecorded'>;
type Counts = Map<string, number>;

/** Adds to a count by name. */
export const count = (counts: Counts, name: string, quantity: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + quantity);
};

/** Watches the usage of one stream. `totals` and `late` are those of the running term and of the time after the last. */
export const watchUsage = (totals: Counts, late: Counts) => {
  const usages = new Map<string, number>();

  /** Returns the invariant that an event about usage breaks, or null. */
  return (event: Recorded, { recordedAt }: At, term: { end: string | null; next: ReadonlySet<string> }) => {
    const { meter, totalAfter, limit, overage } = event.data;
    const now = Date.parse(recordedAt);
    for (const { usageId, quantity } of event.type === 'UsageRecorded' ? [event.data] : event.data.entries) {
      const id = `${meter} ${usageId}`;
      if (now < (usages.get(id) ?? -Infinity) + 70 * 60_000) return `2.4: usage ${id} counted twice`;
      usages.set(id, now);
      count(totals, meter, quantity);
      if (term.end !== null && recordedAt >= term.end) count(late, meter, quantity);
    }
    if (totals.get(meter) !== totalAfter) return `2.7.1: total ${totalAfter} of ${meter}`;
    if (limit === 'unlimited' && overage) return '2.7.1: above no limit';
    if (totalAfter > Number(limit) && !overage) return `2.7.1: ${totalAfter} of ${limit} ${meter}`;
    return event.type === 'UsageRecorded' ? null : wrongPeriod(event.data, recordedAt, term);
  };
};

const wrongPeriod = (
  { periodStart, periodEnd }: EventOf<'UsageBatchRecorded'>['data'],
  at: string,
  { end, next }: { end: string | null; next: ReadonlySet<string> },
): string | null => {
  if (periodStart > at || (periodEnd !== null && periodEnd <= at)) return `2.4: usage outside of its period at ${at}`;
  const expected = [...next].sort()[0] ?? (end !== null && end > at ? end : null);
  return periodEnd === expected ? null : `2.4: the period ends at ${periodEnd}, not ${expected}`;
};
