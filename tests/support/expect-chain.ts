import { expect } from 'vitest';
import { genesisHash, hashOf, verifyLink } from '../../src/eventstore/chain/chain.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';

/** Expects the events of a stream to be an unbroken hash chain from its first event on. */
export const expectWholeChain = (events: readonly Recorded[]): void => {
  let hash = genesisHash;
  for (const [index, recorded] of events.entries()) {
    const place = `${recorded.stream}@${recorded.revision}`;
    expect([place, recorded.revision, verifyLink(recorded, hash)]).toEqual([place, BigInt(index), null]);
    hash = hashOf(recorded);
  }
};
