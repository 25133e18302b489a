import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';

/** Appends the events of a log made in memory to a real store, in its order, as the writer of each stream would have. */
export const appendLog = async (store: EventStore, log: readonly Recorded[]): Promise<void> => {
  for (let first = 0; first < log.length; ) {
    const head = log[first];
    if (head === undefined) return;
    let beyond = first;
    while (log[beyond]?.stream === head.stream) beyond += 1;
    const events = log.slice(first, beyond).map(({ id, type, data, metadata }) => ({ id, type, data, metadata }));
    const expected = head.revision === 0n ? 'no_stream' : head.revision - 1n;
    await store.append(head.stream, events, expected, { timeoutMs: 10_000 });
    first = beyond;
  }
};
