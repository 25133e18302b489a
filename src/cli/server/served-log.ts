import { type LogState, readLogState } from '../../eventstore/copy/log-state.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { RefusedByPolicy } from '../exit-codes.ts';

/**
 * Returns the id of the log that a store has, or null for the first one. Throws RefusedByPolicy when the log has moved to
 * another store, because what a process appends there would be lost.
 */
export const servedLog = async (store: Pick<EventStore, 'readBackwards'>): Promise<string | null> => {
  const state = await readLogState(store);
  if (state.movedTo !== null) throw new RefusedByPolicy(movedSentence(state));
  return state.id;
};

const movedSentence = ({ at }: LogState): string =>
  `The log of this event store has moved${at === null ? '' : ` at ${at}`}, so nothing may be appended here. Set EVENTSTORE_URL to the store that it moved to, or move it back: ledger copy --from <that store> --switch.`;
