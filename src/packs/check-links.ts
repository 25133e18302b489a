import { repairIn } from '../eventstore/chain/repair-event.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { mustBe } from '../proof/invalid.ts';

/**
 * Checks that each event of a stream names the hash of the previous one. The hashes themselves are checked with the
 * leaves. An operator can accept a wrong link with a later event of the stream (`ledger repair-chain`).
 */
export type LinkCheck = {
  /** Takes the next event. Throws InvalidProof for a revision that does not follow. */
  readonly add: (recorded: Recorded, place: string) => void;
  /** Ends the stream. Returns how many wrong links were accepted. Throws InvalidProof when one was not. */
  readonly end: () => number;
};

/** Returns the check of one stream. */
export const newLinkCheck = (): LinkCheck => {
  const open = new Map<string, string>();
  let [revision, previous, accepted] = [0n, '0'.repeat(64), 0];
  return {
    add: (recorded, place) => {
      const { stream, metadata } = recorded;
      mustBe(
        recorded.revision === revision,
        `${place}: the revision ${recorded.revision} of ${stream} comes where ${revision} must be.`,
      );
      const repair = repairIn(recorded);
      if (repair !== null && open.delete(keyOf(repair.revision, repair.expected, repair.actual))) accepted += 1;
      const named = String(metadata.prevHash);
      if (named !== previous)
        open.set(
          keyOf(revision, previous, named),
          `${place}: the event does not name the previous event of ${stream}.`,
        );
      previous = String(metadata.hash);
      revision += 1n;
    },
    end: () => {
      const [first] = open.values();
      mustBe(first === undefined, first ?? '');
      return accepted;
    },
  };
};

const keyOf = (revision: bigint, expected: string, actual: string): string => `${revision} ${expected} ${actual}`;
