/** The event that a finding is about. Null: there is no such event. */
export type Place = {
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly position: bigint | null;
};

/**
 * The kind of a finding. `CHAIN_REPAIRED` is no damage, because an operator has accepted a wrong link, and `LOG_RESTARTED`
 * is a notice. All others are damage.
 *
 * - `CHAIN_BROKEN`: an unaltered event does not link to its unaltered previous event. `ledger repair-chain` repairs it.
 * - `EVENT_ALTERED`: an event does not have the hash of its content, or links to an event that has not.
 * - `EVENT_MISSING`: a stream lacks an event, or the log has other events of a stream than the stream itself.
 * - `EVENT_MISFIT`: an event cannot be read, or does not follow on the events before it.
 * - `FOLDS_DIFFER`: the decider and the projector fold the same events to different states.
 * - `ROWS_DIFFER`: the read models have other rows than those that the log makes.
 * - `TREE_DIFFERS`: the log of an issuer is not the one that was signed, or its tiles are not those that the log makes.
 * - `LOG_RESTARTED`: somebody began the log of an issuer again under another name. No key proves that it was an operator.
 * - `NOT_IN_A_LOG`: an event has no valid envelope, so it has no place in the log of an issuer.
 * - `BEYOND_LOG`: the read models have a position or a last event that the log does not have.
 */
export type FindingCode =
  | 'CHAIN_BROKEN'
  | 'CHAIN_REPAIRED'
  | 'EVENT_ALTERED'
  | 'EVENT_MISSING'
  | 'EVENT_MISFIT'
  | 'FOLDS_DIFFER'
  | 'ROWS_DIFFER'
  | 'TREE_DIFFERS'
  | 'LOG_RESTARTED'
  | 'NOT_IN_A_LOG'
  | 'BEYOND_LOG';

/** A finding and its place. */
export type Finding = Place & { readonly code: FindingCode; readonly what: string };

/** Reports a finding. */
export type Tell = (code: FindingCode, place: Place, what: string) => void;

/** No event. */
export const nowhere: Place = { stream: null, revision: null, position: null };

/** Gathers one finding of each stream, and those of the `apart` codes. */
export type Findings = {
  readonly tell: Tell;
  /** Reports the findings since the last call. Call it when all findings about some streams are gathered. */
  readonly report: () => void;
  /** Returns how many findings of damage, and how many repaired streams, were reported. */
  readonly counts: () => { readonly damaged: number; readonly repaired: number };
  /** Returns the streams with a reported finding of damage. */
  readonly damagedStreams: () => ReadonlySet<string>;
};

/** Reports one finding of each stream, besides those of the `apart` codes. A finding about its events takes precedence over one about its rows. */
export const createFindings = (onFinding: (finding: Finding) => void): Findings => {
  let gathered = new Map<string, Finding>();
  const counts = { damaged: 0, repaired: 0 };
  const damagedStreams = new Set<string>();
  return {
    counts: () => ({ ...counts }),
    damagedStreams: () => damagedStreams,
    tell: (code, place, what) => {
      const key = apart.has(code)
        ? `${code} ${place.stream} ${code === 'LOG_RESTARTED' ? place.revision : ''}`
        : (place.stream ?? what);
      const known = gathered.get(key);
      if (known === undefined || order.indexOf(code) < order.indexOf(known.code))
        gathered.set(key, { code, ...place, what });
    },
    report: () => {
      for (const finding of gathered.values()) {
        if (finding.code === 'CHAIN_REPAIRED') counts.repaired += 1;
        else if (finding.code !== 'LOG_RESTARTED') {
          counts.damaged += 1;
          if (finding.stream !== null) damagedStreams.add(finding.stream);
        }
        onFinding(finding);
      }
      gathered = new Map();
    },
  };
};

// A wrong row follows from a wrong event.
const order: readonly FindingCode[] = [
  'EVENT_MISSING',
  'EVENT_ALTERED',
  'CHAIN_BROKEN',
  'EVENT_MISFIT',
  'FOLDS_DIFFER',
  'ROWS_DIFFER',
  'TREE_DIFFERS',
  'NOT_IN_A_LOG',
  'BEYOND_LOG',
  'CHAIN_REPAIRED',
  'LOG_RESTARTED',
];

/** A stream may have a finding of each of these codes, one for each restart, and one more. */
const apart: ReadonlySet<FindingCode> = new Set(['CHAIN_REPAIRED', 'NOT_IN_A_LOG', 'LOG_RESTARTED']);
