import { retry } from '../../async/retry.ts';
import {
  type EventStore,
  OutcomeUnknown,
  type Position,
  type Proposed,
  type Revision,
  StoreUnavailable,
} from '../event-store.ts';

/** How long one try may take, and how long to go on when the outcome of a try is unknown. */
export type AppendPatience = { readonly timeoutMs: number; readonly giveUpMs: number; readonly random: () => number };

/** Events for the end of a stream that is at the revision `expected`. */
export type Batch = { readonly stream: string; readonly events: readonly Proposed[]; readonly expected: Revision };

/**
 * Appends a batch; when the outcome is unknown, repeats the same batch at the same revision, at growing intervals. The store
 * answers a repetition with the first result. Throws RevisionConflict (the batch is not and will not be in the stream) or
 * OutcomeUnknown (it may be, even later); AppendTooLarge at once; StoreUnavailable when the first try was refused.
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
      // A refusal says nothing about an earlier try whose outcome is unknown.
      else if (!(error instanceof StoreUnavailable) || unknown === null) return null;
      const pauseMs = Math.min(pauseMinMs * 2 ** (failures - 1), pauseMaxMs) * (1 + random() / 2);
      if (performance.now() - startedAt + pauseMs > giveUpMs) throw unknown;
      return pauseMs;
    },
  );
};

// A repeat may meet a first write that is not replicated yet, and then the server stays silent: leave it that time.
const pauseMinMs = 200;
const pauseMaxMs = 2_000;
