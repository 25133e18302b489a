/** An event, as what is found is reported with it; null: there is no such event. */
export type Place = {
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly position: bigint | null;
};

/**
 * What a finding is. `CHAIN_REPAIRED` is no damage: an operator has accepted a wrong link. All others are.
 *
 * - `CHAIN_BROKEN`: an unaltered event does not link to its unaltered previous event. `ledger repair-chain` repairs it.
 * - `EVENT_ALTERED`: an event does not have the hash of its content, or links to an event that has not.
 * - `EVENT_MISSING`: a stream lacks an event, or the log has other events of a stream than the stream itself.
 * - `EVENT_MISFIT`: an event cannot be read, or does not follow on the events before it.
 * - `FOLDS_DIFFER`: the decider and the projector fold the same events to different states.
 * - `ROWS_DIFFER`: the read models have other rows than those that the log makes.
 * - `BEYOND_LOG`: the read models are at a position that the log does not have.
 */
export type FindingCode =
  | 'CHAIN_BROKEN'
  | 'CHAIN_REPAIRED'
  | 'EVENT_ALTERED'
  | 'EVENT_MISSING'
  | 'EVENT_MISFIT'
  | 'FOLDS_DIFFER'
  | 'ROWS_DIFFER'
  | 'BEYOND_LOG';

/** Something that was found, and where. */
export type Finding = Place & { readonly code: FindingCode; readonly what: string };

/** Takes what was found. */
export type Tell = (code: FindingCode, place: Place, what: string) => void;

/** No event. */
export const nowhere: Place = { stream: null, revision: null, position: null };

/** Gathers findings, one of each stream. */
export type Findings = {
  readonly tell: Tell;
  /** Reports the findings since the last time; call it once everything about some streams is told. */
  readonly report: () => void;
  /** How many findings of damage were reported, and how many repaired streams. */
  readonly counts: () => { readonly damaged: number; readonly repaired: number };
};

/** Reports one finding of each stream: what is wrong with its events before what is wrong with its rows. */
export const createFindings = (onFinding: (finding: Finding) => void): Findings => {
  let gathered = new Map<string, Finding>();
  const counts = { damaged: 0, repaired: 0 };
  return {
    counts: () => ({ ...counts }),
    tell: (code, place, what) => {
      const key = code === 'CHAIN_REPAIRED' ? `${code} ${place.stream}` : (place.stream ?? what);
      const known = gathered.get(key);
      if (known === undefined || order.indexOf(code) < order.indexOf(known.code))
        gathered.set(key, { code, ...place, what });
    },
    report: () => {
      for (const finding of gathered.values()) {
        if (finding.code === 'CHAIN_REPAIRED') counts.repaired += 1;
        else counts.damaged += 1;
        onFinding(finding);
      }
      gathered = new Map();
    },
  };
};

// What is wrong with a row follows from what is wrong with an event.
const order: readonly FindingCode[] = [
  ...(['EVENT_MISSING', 'EVENT_ALTERED', 'CHAIN_BROKEN', 'EVENT_MISFIT', 'FOLDS_DIFFER'] as const),
  ...(['ROWS_DIFFER', 'BEYOND_LOG', 'CHAIN_REPAIRED'] as const),
];
