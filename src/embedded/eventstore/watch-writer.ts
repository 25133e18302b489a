import type { WriterQueue } from './writer-queue.ts';

/** What to call. `onLost` is called once. */
type Watch = {
  readonly onAnswering: (isAnswering: boolean) => void;
  readonly onLost: (reason: Error) => void;
  /** Only tests change these times. */
  readonly times?: { readonly everyMs: number; readonly slowMs: number; readonly lostMs: number };
};

/** In milliseconds: how often Postgres is asked, and after what time without an answer it is slow, and the writer is lost. */
export const watchTimes = { everyMs: 1_000, slowMs: 4_000, lostMs: 60_000 };

/**
 * Asks the connection of the writer every second, because a machine without power or network closes no connection.
 * Returns what stops that.
 */
export const watchWriter = (
  queue: Pick<WriterQueue, 'ask' | 'owedMs'>,
  { onAnswering, onLost, times: { everyMs, slowMs, lostMs } = watchTimes }: Watch,
): (() => void) => {
  let isAnswering = true;
  const timer = setInterval(() => {
    const owedMs = queue.owedMs();
    if (owedMs < slowMs !== isAnswering) {
      isAnswering = owedMs < slowMs;
      onAnswering(isAnswering);
    }
    if (owedMs < lostMs) return queue.ask();
    clearInterval(timer);
    onLost(new Error(`Postgres has not answered for ${Math.round(lostMs / 1_000)} seconds`));
  }, everyMs).unref();
  return () => clearInterval(timer);
};
