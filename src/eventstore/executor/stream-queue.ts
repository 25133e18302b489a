/** One first-in first-out queue per stream; streams do not wait for each other. */
export type StreamQueues<Waiting> = {
  /** Adds to the stream's queue. Throws Overloaded, and adds nothing, when it or all of them together are full. */
  readonly add: (stream: string, waiting: Waiting) => void;
};

/** Bounds shared by all queues of a process, and how many now wait. */
export type QueueLimits = {
  readonly perStreamMax: number;
  readonly totalMax: number;
  total: number;
};

/** Too much is waiting to be decided; nothing was done for this call. Try again later. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

/**
 * Hands each stream's waiting entries, in order, to `work`: at most `batchMax` at once, one batch per stream at a time.
 * `work` answers how many of them, from the front, it has settled (at least one); the others wait on. It must not reject.
 */
export const createStreamQueues = <Waiting>(
  limits: QueueLimits,
  batchMax: number,
  work: (stream: string, batch: readonly Waiting[]) => Promise<number>,
): StreamQueues<Waiting> => {
  const queues = new Map<string, Waiting[]>();

  const drain = async (stream: string, queue: Waiting[]) => {
    // What is asked for in the same turn of the event loop goes into the same batch.
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
