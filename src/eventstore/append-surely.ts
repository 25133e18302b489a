import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventStore,
  OutcomeUnknown,
  type Position,
  type Proposed,
  type Revision,
  StoreUnavailable,
} from './event-store.ts';

/** How long one try may take, and how long to go on when the outcome of a try is unknown. */
export type AppendPatience = { readonly timeoutMs: number; readonly giveUpMs: number; readonly random: () => number };

/**
 * Appends a batch; when the outcome is unknown, repeats the very same batch at the same revision, which the store answers
 * with the first result, at growing intervals. Throws RevisionConflict (the batch is not and will not be in the stream) or
 * OutcomeUnknown (it may be, even later); AppendTooLarge at once; StoreUnavailable when the first try was refused.
 */
export const appendSurely = async (
  store: Pick<EventStore, 'append'>,
  stream: string,
  events: readonly Proposed[],
  expected: Revision,
  { timeoutMs, giveUpMs, random }: AppendPatience,
): Promise<{ revision: bigint; position: Position }> => {
  const startedAt = performance.now();
  let unknown: OutcomeUnknown | null = null;
  for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMs * 2, pauseMaxMs)) {
    try {
      return await store.append(stream, events, expected, { timeoutMs });
    } catch (error) {
      if (error instanceof OutcomeUnknown) unknown = error;
      // A refusal says nothing about an earlier try whose outcome is unknown.
      else if (!(error instanceof StoreUnavailable) || unknown === null) throw error;
    }
    const pause = pauseMs * (1 + random() / 2);
    if (performance.now() - startedAt + pause > giveUpMs) throw unknown;
    await delay(pause);
  }
};

// A repeat may meet a first write that is not replicated yet, and then the server stays silent: leave it that time.
const pauseMinMs = 200;
const pauseMaxMs = 2_000;
