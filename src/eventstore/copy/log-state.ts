import { randomUUID } from 'node:crypto';
import type { EventStore } from '../event-store.ts';
import { uuidv5 } from '../uuids.ts';

/** The stream in which a store notes which log it has. It begins when a log moves to another store for the first time. */
export const logStream = 'ledger-log';

/**
 * Which log a store has. `id`: null for the first log, before any move. A log that moved is continued by the log `movedTo`
 * in another store. A store that waits for a log has `movedTo`, too, because nobody may serve from it yet.
 */
export type LogState = {
  readonly id: string | null;
  readonly movedTo: string | null;
  /** When the last change of this state was recorded, by the clock of the process that recorded it. Null: never. */
  readonly at: string | null;
  readonly revision: bigint | 'no_stream';
};

type LogStateStore = Pick<EventStore, 'readBackwards' | 'append'>;

/** Reads which log a store has. Throws StoreUnavailable. */
export const readLogState = async (store: Pick<EventStore, 'readBackwards'>): Promise<LogState> => {
  const [last] = await store.readBackwards(logStream, 'end', 1);
  if (last === undefined) return { id: null, movedTo: null, at: null, revision: 'no_stream' };
  const { id = null, movedTo = null, at = null } = last.data;
  return { id: textOrNull(id), movedTo: textOrNull(movedTo), at: textOrNull(at), revision: last.revision };
};

/**
 * Notes that the log of a store moves, so that no process of the product serves it. Returns the id of the log that continues
 * it, which is the same when the log is closed already. Throws RevisionConflict when somebody else changes it.
 */
export const closeLog = async (store: LogStateStore, at: string): Promise<string> => {
  const state = await readLogState(store);
  if (state.movedTo !== null) return state.movedTo;
  const movedTo = randomUUID();
  await note(store, state, { type: 'LogMoved', data: { id: state.id, movedTo, at } });
  return movedTo;
};

/** Notes that a store is the target of copies, so that no process serves from it before the log has moved there. */
export const awaitLog = async (store: LogStateStore, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.revision === 'no_stream')
    await note(store, state, { type: 'LogAwaited', data: { id: null, movedTo: randomUUID(), at } });
};

/** Notes that a store has the log with this id from now on. Does nothing when it has. */
export const openLog = async (store: LogStateStore, id: string, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.id === id && state.movedTo === null) return;
  await note(store, state, { type: 'LogOpened', data: { id, movedTo: null, at } });
};

type LogNote = { readonly type: string; readonly data: Readonly<Record<string, string | null>> };

const note = async (store: LogStateStore, { revision }: LogState, { type, data }: LogNote): Promise<void> => {
  const id = uuidv5(idNamespace, `${type} ${data.id} ${data.movedTo}`);
  await store.append(logStream, [{ id, type, data, metadata: {} }], revision, { timeoutMs: appendTimeoutMs });
};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const idNamespace = 'a3f6c9b2-5c0e-4d3f-9d3e-4a5b8f1f7c21';
const appendTimeoutMs = 10_000;
