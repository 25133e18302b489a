import { linkToChain } from '../../src/eventstore/chain/chain.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { testHash } from './license-fixtures.ts';

/** The hash of the twin that a process took for the event before `revision`: it is in no store. */
export const twinHash = (stream: string, revision: bigint): string => testHash(`${stream}@${revision}`);

/**
 * Seals a log again so that the chain of `stream` is broken at these revisions: there the event names a twin of its previous
 * event, as it happened when two processes of an early release decided the same command.
 */
export const withBreaks = (
  log: readonly Recorded[],
  stream: string,
  revisions: readonly bigint[],
): readonly Recorded[] => {
  let hash = '';
  return log.map((recorded) => {
    if (recorded.stream !== stream) return recorded;
    const { revision } = recorded;
    if (revision === 0n) hash = String(recorded.metadata.prevHash);
    const { prevHash: _, hash: __, ...metadata } = recorded.metadata;
    const linked = revisions.includes(revision) ? twinHash(stream, revision) : hash;
    const [relinked] = linkToChain([{ ...recorded, metadata }], { stream, nextRevision: revision, hash: linked });
    if (relinked === undefined) throw new Error('An event was not linked.');
    hash = String(relinked.metadata.hash);
    return { ...recorded, metadata: relinked.metadata };
  });
};
