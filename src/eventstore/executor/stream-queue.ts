/** One first-in first-out queue per stream; streams do not wait for each other. */
export type StreamQueues<Waiting> = {
  /** Adds an entry to the stream's queue. Throws Overloaded when that queue or all queues together are full. */
  readonly add: (stream: string, waiting: Waiting) => void;
};

/** The limits that all queues of a process share, and how many entries wait now. */
export type QueueLimits = {
  readonly perStreamMax: number;
  readonly totalMax: number;
  total: number;
};

/** Too many commands and reads wait; nothing was done for this call. Try again later. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/**
 * Passes each stream's waiting entries, in order, to `work`: at most `batchMax` at once, one batch per stream at a
 * time. `work` returns how many entries from the front it has settled (at least one); the others wait on. It must not
 * reject.
 */
export const createStreamQueues = <Waiting>(
  limits: QueueLimits,
  batchMax: number,
  work: (stream: string, batch: readonly Waiting[]) => Promise<number>,
): StreamQueues<Waiting> => {
  const queues = new Map<string, Waiting[]>();

  const drain = async (stream: string, queue: Waiting[]) => {
    // Entries that are added in the same turn of the event loop go into the same batch.
    await Promise.resolve();
    while (queue.length > 0) {
      const settled = await work(stream, queue.slice(0, batchMax));
      queue.splice(0, settled);
      limits.total -= settled;
    }
    queues.delete(stream);
  };

  return {
    add: (stream, waiting) => {
      const queue = queues.get(stream);
      if ((queue?.length ?? 0) >= limits.perStreamMax)
        throw new Overloaded(`${limits.perStreamMax} commands already wait for ${stream}. Try again later.`);
      if (limits.total >= limits.totalMax)
        throw new Overloaded(`${limits.totalMax} commands already wait to be decided. Try again later.`);

      limits.total += 1;
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      const first = [waiting];
      queues.set(stream, first);
      void drain(stream, first);
    },
  };
};
