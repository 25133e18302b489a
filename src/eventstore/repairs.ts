import { type Break, keyOfBreak } from './chain.ts';
import { repairIn } from './codec-repair.ts';
import type { EventStore } from './event-store.ts';
import { readPages } from './read-pages.ts';

/**
 * Answers whether a break of this stream was repaired: whether an event after it repairs exactly this one. Reads nothing
 * until it is asked, and the rest of the stream once.
 */
export const repairsOf = (store: Pick<EventStore, 'read'>, stream: string): ((broken: Break) => Promise<boolean>) => {
  let reading: Promise<ReadonlyMap<string, bigint>> | null = null;
  return async (broken) => {
    reading ??= readRepairs(store, stream, broken.revision);
    const repairedAt = (await reading).get(keyOfBreak(broken));
    return repairedAt !== undefined && repairedAt > broken.revision;
  };
};

/** By break, the revision of its last repair. */
const readRepairs = async (
  store: Pick<EventStore, 'read'>,
  stream: string,
  from: bigint,
): Promise<ReadonlyMap<string, bigint>> => {
  const repairs = new Map<string, bigint>();
  for await (const page of readPages(store, stream, from))
    for (const recorded of page) {
      const repaired = repairIn(recorded);
      if (repaired !== null) repairs.set(keyOfBreak(repaired), recorded.revision);
    }
  return repairs;
};
