import { type Examined, isRepairable } from '../../aggregates/repair-chain.ts';
import { counted } from './counted.ts';
import { jsonText } from './print-result.ts';

/** How many streams were checked, have a broken chain, can be repaired, and were repaired. */
export type RepairCounts = { streams: number; faulty: number; repairable: number; repaired: number };

/** Prints what `ledger repair-chain` finds and does, stream by stream. */
export type RepairReport = {
  readonly empty: (stream: string) => void;
  readonly broken: (stream: string, examined: Examined) => void;
  /** `appended`: the number of repairs. `isWhole`: the chain is intact now. */
  readonly repaired: (stream: string, appended: number, isWhole: boolean) => void;
  readonly failed: (stream: string, message: string) => void;
  readonly end: (counts: Readonly<RepairCounts>, isApplied: boolean) => void;
};

/** Prints sentences. */
export const repairText: RepairReport = {
  empty: (stream) => console.log(`${stream}: has no event.`),
  broken: (stream, examined) => {
    for (const line of linesOf(stream, examined)) console.log(line);
  },
  repaired: (stream, appended, isWhole) =>
    console.log(
      isWhole
        ? `${stream}: REPAIRED, ${counted(appended, 'event was', 'events were')} appended.`
        : `${stream}: STILL BROKEN. Another process has changed it. Run the command again.`,
    ),
  failed: (stream, message) => console.log(`${stream}: NOT REPAIRED. ${message}`),
  end: (counts, isApplied) => console.log(summary(counts, isApplied)),
};

/** Prints one JSON document at the end, with an entry for each stream that is empty or has a broken chain. */
export const createRepairJson = (): RepairReport => {
  const findings = new Map<string, object>();
  const add = (stream: string, facts: object) => findings.set(stream, { stream, ...findings.get(stream), ...facts });
  return {
    empty: (stream) => add(stream, { outcome: 'empty' }),
    broken: (stream, examined) =>
      add(stream, {
        outcome: 'broken',
        isRepairable: isRepairable(examined),
        faults: examined.faults,
        breaks: examined.breaks,
        firstRevision: examined.first?.recorded.revision ?? null,
      }),
    repaired: (stream, appended, isWhole) => add(stream, { outcome: isWhole ? 'repaired' : 'broken', appended }),
    failed: (stream, message) => add(stream, { outcome: 'not_repaired', error: message }),
    end: (counts, isApplied) => console.log(jsonText({ ...counts, isApplied, findings: [...findings.values()] })),
  };
};

const linesOf = (stream: string, examined: Examined): readonly string[] => {
  const { faults, first, breaks } = examined;
  const lines = breaks.map(
    ({ revision, expected, actual }) =>
      `${stream}: the event at revision ${revision} links to ${actual}; its previous event is ${expected}.`,
  );
  if (isRepairable(examined)) return lines;
  const what = `${stream}: CANNOT BE REPAIRED. ${faults - breaks.length} of its events are altered or missing`;
  return [...lines, `${what}, the first at or before revision ${first?.recorded.revision}. Restore the event store.`];
};

const summary = ({ streams, faulty, repairable, repaired }: RepairCounts, isApplied: boolean): string => {
  if (streams === 0) return 'There is no event to check.';
  if (faulty === 0) return `The hash chains of ${counted(streams, 'stream')} are whole. There is nothing to repair.`;
  const findings = `${faulty} of ${streams} streams have a broken hash chain; ${repairable} of them can be repaired`;
  if (isApplied) {
    const left = faulty - repaired;
    return `${findings}, and ${repaired} were repaired.${left === 0 ? '' : ` ${left} are still broken: see above.`}`;
  }
  const next =
    'Stop every process of a release before this one, then repeat with --apply --operator <id> --reason <code>';
  return `${findings}. Nothing was changed. ${repairable === 0 ? 'Restore the event store from a backup' : next}.`;
};
