import { retry } from '../../async/retry.ts';
import {
  AppendTooLarge,
  type EventStore,
  OutcomeUnknown,
  type Position,
  type Proposed,
  type Revision,
  RevisionConflict,
  StoreUnavailable,
} from '../event-store.ts';

/** How long one try may take, and how long to repeat an append with an unknown outcome. In milliseconds. */
export type AppendPatience = { readonly timeoutMs: number; readonly giveUpMs: number; readonly random: () => number };

/** Events to append to a stream at the revision `expected`. */
export type Batch = { readonly stream: string; readonly events: readonly Proposed[]; readonly expected: Revision };

/**
 * Appends a batch. When the outcome is unknown, repeats the same batch at the same revision, at growing intervals; the
 * store answers a repetition with the first result. Throws RevisionConflict or AppendTooLarge (the batch is not and
 * will not be in the stream), OutcomeUnknown (it may be, even later), or StoreUnavailable (the store refused the first
 * try).
 */
export const appendWithRetry = async (
  store: Pick<EventStore, 'append'>,
  { stream, events, expected }: Batch,
  { timeoutMs, giveUpMs, random }: AppendPatience,
): Promise<{ revision: bigint; position: Position }> => {
  const startedAt = performance.now();
  let unknown: OutcomeUnknown | null = null;
  return retry(
    () => store.append(stream, events, expected, { timeoutMs }),
    (error, failures) => {
      if (error instanceof OutcomeUnknown) unknown = error;
      else if (unknown === null || error instanceof RevisionConflict || error instanceof AppendTooLarge) return null;
      // No other error tells anything about an earlier try with an unknown outcome, and only a refusal is for now.
      else if (!(error instanceof StoreUnavailable)) throw unknown;
      const pauseMs = Math.min(pauseMinMs * 2 ** (failures - 1), pauseMaxMs) * (1 + random() / 2);
      if (performance.now() - startedAt + pauseMs > giveUpMs) throw unknown;
      return pauseMs;
    },
  );
};

// The first write may not be replicated yet. A server then does not answer a repetition, so give it some time.
const pauseMinMs = 200;
const pauseMaxMs = 2_000;
