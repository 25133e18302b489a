import type { Recorded } from '../event-store.ts';
import { breakAt, genesisHash, keyOfBreak, type LinkFault, verifyLink } from './chain.ts';
import type { Break } from './repair-event.ts';
import { repairIn } from './repair-event.ts';

/** A fault at an event of a stream. `broken`: the wrong link when a repair can accept it; else null. */
export type ChainFault = {
  readonly recorded: Recorded;
  readonly fault: LinkFault | 'REVISION_MISSING';
  /** The revision that the chain needs at this place. */
  readonly expectedRevision: bigint;
  readonly broken: Break | null;
};

/** The result of checking a whole chain. */
export type ChainReport = {
  /** The number of faulty events. An event with a repaired link does not count. */
  readonly faults: number;
  /** The faulty event with the lowest revision; null when there is none. */
  readonly first: ChainFault | null;
  /** The breaks that can be repaired and were not. */
  readonly breaks: readonly Break[];
  /** The breaks that were repaired. */
  readonly repaired: readonly Break[];
};

/** Checks one stream. Takes its events in the order of the stream. */
export type ChainCheck = { readonly add: (recorded: Recorded) => void; readonly report: () => ChainReport };

/**
 * Creates a check of one stream's chain. It goes on after a fault and remembers only faults. A wrong link can be
 * repaired when both of its events are unaltered and no event is missing between them. A repair counts when its own
 * event is unaltered and its own link is right or repaired.
 */
export const createChainCheck = (): ChainCheck => {
  const open = new Map<string, ChainFault>();
  const repaired: Break[] = [];
  /** Repairs whose own link is broken, by that break. They count once it is repaired. */
  const waiting = new Map<string, Break>();
  let lasting = 0;
  let first: ChainFault | null = null;
  let nextRevision = 0n;
  let hash = genesisHash;
  let isPreviousUnaltered = false;

  const check = (recorded: Recorded): ChainFault | null => {
    const isNext = recorded.revision === nextRevision;
    const fault = verifyLink(recorded, hash);
    const at = { recorded, expectedRevision: nextRevision };
    if (fault === 'HASH_DIFFERS') return { ...at, fault, broken: null };
    if (!isNext) return { ...at, fault: 'REVISION_MISSING', broken: null };
    return fault && { ...at, fault, broken: isPreviousUnaltered ? breakAt(recorded, hash) : null };
  };

  const accept = (repair: Break): void => {
    const key = keyOfBreak(repair);
    if (!open.delete(key)) return;
    repaired.push(repair);
    const next = waiting.get(key);
    if (next !== undefined) accept(next);
  };

  return {
    add: (recorded) => {
      const fault = check(recorded);
      const repair = repairIn(recorded);
      if (repair !== null && open.has(keyOfBreak(repair))) {
        if (fault === null) accept(repair);
        else if (fault.broken !== null) waiting.set(keyOfBreak(fault.broken), repair);
      }
      if (fault?.broken) open.set(keyOfBreak(fault.broken), fault);
      else if (fault) {
        lasting += 1;
        first ??= fault;
      }
      nextRevision = recorded.revision + 1n;
      hash = String(recorded.metadata.hash);
      isPreviousUnaltered = fault?.fault !== 'HASH_DIFFERS';
    },
    report: () => {
      const [firstOpen = null] = open.values();
      const isEarlier = firstOpen !== null && (first === null || firstOpen.recorded.revision < first.recorded.revision);
      return {
        faults: lasting + open.size,
        first: isEarlier ? firstOpen : first,
        breaks: [...open.values()].flatMap(({ broken }) => broken ?? []),
        repaired,
      };
    },
  };
};
