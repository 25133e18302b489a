import type { Recorded } from '../event-store.ts';
import { type Break, breakAt, genesisHash, keyOfBreak, type LinkFault, verifyLink } from './chain.ts';
import { repairIn } from './repair-event.ts';

/** What is wrong at an event of a stream. `broken`: how its link is wrong, where a repair can accept it; else null. */
export type ChainFault = {
  readonly recorded: Recorded;
  readonly fault: LinkFault | 'REVISION_MISSING';
  /** The revision that was to come next. */
  readonly expectedRevision: bigint;
  readonly broken: Break | null;
};

/** What a whole chain turned out to be. */
export type ChainReport = {
  /** How many events are faulty, those with a repaired link left out. */
  readonly faults: number;
  /** The faulty event with the lowest revision; null: none is. */
  readonly first: ChainFault | null;
  /** The breaks that can be repaired and are not. */
  readonly breaks: readonly Break[];
  /** The breaks that were repaired. */
  readonly repaired: readonly Break[];
};

/** Takes the events of one stream in the order of the stream. */
export type ChainCheck = { readonly add: (recorded: Recorded) => void; readonly report: () => ChainReport };

/**
 * Checks a stream's chain event by event, goes on after a fault, and keeps only what is wrong. A wrong link can be
 * repaired where both of its events are unaltered and no event is missing between them. A repair counts when its own
 * event is unaltered and its own link is right, or is repaired itself.
 */
export const createChainCheck = (): ChainCheck => {
  const open = new Map<string, ChainFault>();
  const repaired: Break[] = [];
  /** By the break at a repair's own event, the break that it repairs: it counts once its own break is repaired. */
  const waiting = new Map<string, Break>();
  let lasting = 0;
  let first: ChainFault | null = null;
  let nextRevision = 0n;
  let hash = genesisHash;
  let isPreviousSound = false;

  const check = (recorded: Recorded): ChainFault | null => {
    const isNext = recorded.revision === nextRevision;
    const fault = verifyLink(recorded, hash);
    const at = { recorded, expectedRevision: nextRevision };
    if (fault === 'HASH_DIFFERS') return { ...at, fault, broken: null };
    if (!isNext) return { ...at, fault: 'REVISION_MISSING', broken: null };
    return fault && { ...at, fault, broken: isPreviousSound ? breakAt(recorded, hash) : null };
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
      const found = check(recorded);
      const repair = repairIn(recorded);
      if (repair !== null && open.has(keyOfBreak(repair))) {
        if (found === null) accept(repair);
        else if (found.broken !== null) waiting.set(keyOfBreak(found.broken), repair);
      }
      if (found?.broken) open.set(keyOfBreak(found.broken), found);
      else if (found) {
        lasting += 1;
        first ??= found;
      }
      nextRevision = recorded.revision + 1n;
      hash = String(recorded.metadata.hash);
      isPreviousSound = found?.fault !== 'HASH_DIFFERS';
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
