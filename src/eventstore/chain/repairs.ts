import type { EventStore } from '../event-store.ts';
import { readPages } from '../read-pages.ts';
import { keyOfBreak } from './chain.ts';
import { createChainCheck } from './chain-check.ts';
import type { Break } from './repair-event.ts';

/**
 * Returns a function that tells whether a break of this stream was repaired, by the rules of `createChainCheck`. Its
 * first call reads the whole stream; later calls read nothing.
 */
export const repairsOf = (store: Pick<EventStore, 'read'>, stream: string): ((broken: Break) => Promise<boolean>) => {
  let reading: Promise<ReadonlySet<string>> | null = null;
  return async (broken) => {
    reading ??= readRepairs(store, stream);
    return (await reading).has(keyOfBreak(broken));
  };
};

const readRepairs = async (store: Pick<EventStore, 'read'>, stream: string): Promise<ReadonlySet<string>> => {
  const check = createChainCheck();
  for await (const page of readPages(store, stream)) for (const recorded of page) check.add(recorded);
  return new Set(check.report().repaired.map(keyOfBreak));
};
