import type { At } from '../../../src/domain/decider.ts';
import type { EventOf } from '../../../src/domain/license/events.ts';

type Recorded = EventOf<'UsageRecorded' | 'UsageBatchRecorded' | 'UsageCorrected' | 'UsageReset'>;
type Counts = Map<string, number>;

/** Adds to a count by name. */
export const count = (counts: Counts, name: string, quantity: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + quantity);
};

/** Watches the usage of one stream. `totals` and `late` are those of the running term and of the time after the last. */
export const watchUsage = (totals: Counts, late: Counts) => {
  const usages = new Map<string, { readonly at: number; readonly event: number; left: number }>();
  // The numbers of the first event of each total, and of the last reset.
  const firsts = new Map<string, number>();
  const lateFirsts = new Map<string, number>();
  const resets = new Map<string, number>();
  let events = 0;

  /** Returns what is wrong with the corrections of an event, or null. */
  const corrected = ({ meter, entries }: EventOf<'UsageCorrected'>['data']): string | null => {
    for (const { corrects, quantity, countedBy, countedAt, afterReset = false } of entries) {
      const use = usages.get(`${meter} ${corrects}`);
      if (use === undefined || use.event !== countedBy || use.at !== Date.parse(countedAt))
        return `2.4: ${corrects} of ${meter} was not counted by event ${countedBy}`;
      use.left += quantity;
      if (use.left < 0) return `2.4: ${corrects} of ${meter} is corrected below 0`;
      const isTotal = totals.has(meter) && use.event >= (firsts.get(meter) ?? 0);
      const wasReset = use.event < (resets.get(meter) ?? 0);
      if (isTotal && wasReset !== afterReset) return `2.4: ${corrects} of ${meter} was ${wasReset ? '' : 'not '}reset`;
      if (!isTotal || wasReset) continue;
      count(totals, meter, quantity);
      if (late.has(meter) && use.event >= (lateFirsts.get(meter) ?? 0)) count(late, meter, quantity);
    }
    return null;
  };

  /** Returns the invariant that an event about usage breaks, or null. */
  const used = (event: Recorded, { recordedAt }: At, term: { end: string | null; next: ReadonlySet<string> }) => {
    events += 1;
    const { meter } = event.data;
    if (event.type === 'UsageReset') {
      if (totals.get(meter) !== event.data.from || event.data.from <= 0) return `2.4: reset from ${event.data.from}`;
      resets.set(meter, events);
      totals.set(meter, 0);
      late.delete(meter);
      return null;
    }
    const { totalAfter, limit, overage } = event.data;
    const now = Date.parse(recordedAt);
    const isLate = term.end !== null && recordedAt >= term.end;
    if (event.type !== 'UsageCorrected') {
      if (!totals.has(meter)) firsts.set(meter, events);
      if (isLate && !late.has(meter)) lateFirsts.set(meter, events);
    }
    for (const { usageId, quantity } of event.type === 'UsageRecorded' ? [event.data] : event.data.entries) {
      const id = `${meter} ${usageId}`;
      if (now < (usages.get(id)?.at ?? -Infinity) + 70 * 60_000) return `2.4: usage ${id} counted twice`;
      usages.set(id, { at: now, event: events, left: quantity });
      if (event.type === 'UsageCorrected') continue;
      count(totals, meter, quantity);
      if (isLate) count(late, meter, quantity);
    }
    if (event.type === 'UsageCorrected') {
      const wrong = corrected(event.data);
      if (wrong !== null || !totals.has(meter)) return wrong;
    }
    if (totals.get(meter) !== totalAfter) return `2.7.1: total ${totalAfter} of ${meter}`;
    if (limit === 'unlimited' && overage) return '2.7.1: above no limit';
    if (totalAfter > Number(limit) && !overage) return `2.7.1: ${totalAfter} of ${limit} ${meter}`;
    return event.type === 'UsageBatchRecorded' ? wrongPeriod(event.data, recordedAt, term) : null;
  };
  /** Notes that the total of a meter is what was used since the end of the last term. */
  const carry = (meter: string) => void firsts.set(meter, lateFirsts.get(meter) ?? 0);
  return { used, carry };
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
