import { type LogState, readLogState } from '../../eventstore/copy/log-state.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { RefusedByPolicy } from '../exit-codes.ts';

/**
 * Returns the id of the log that a store has, or null for the first one. Throws RefusedByPolicy when the log has moved to
 * another store or was only copied here, because what a process appends here would be lost.
 */
export const servedLog = async (store: Pick<EventStore, 'readBackwards'>): Promise<string | null> => {
  const state = await readLogState(store);
  if (state.movedTo !== null) throw new RefusedByPolicy(movedSentence(state));
  return state.id;
};

const movedSentence = ({ at }: LogState): string =>
  `This event store is closed${at === null ? '' : ` since ${at}`}: its log moved to another one, or is only copied here and has not moved yet. Set EVENTSTORE_URL to the store that has the log, or move it here: ledger copy --from <that store> --switch.`;
