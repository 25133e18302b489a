import { randomUUID } from 'node:crypto';
import type { EventStore, Revision } from '../event-store.ts';
import { uuidv5 } from '../uuid-v5.ts';

/** The stream in which a store notes which log it has. It begins when a log is copied to or from the store. */
export const logStream = 'ledger-log';

/**
 * Which log a store has. `OPEN`: it serves the log with this id, or the first log (null). `AWAITED`: it is the target of
 * copies, and will have the log with this id. `MOVED`: the log `movedTo` in another store continues its log. `RESTORING`: it
 * has the log of a backup, and the rest of that is not restored yet.
 */
export type LogState = {
  /** When the state was recorded, by the clock of the process that recorded it. Null: never. */
  readonly at: string | null;
  readonly revision: Revision;
} & (
  | { readonly kind: 'OPEN'; readonly id: string | null }
  | { readonly kind: 'AWAITED'; readonly id: string }
  | { readonly kind: 'RESTORING'; readonly id: string | null; readonly backupId: string }
  | {
      readonly kind: 'MOVED';
      readonly id: string | null;
      readonly movedTo: string;
      /** The other store serves it. */
      readonly isComplete: boolean;
    }
);

type LogStateStore = Pick<EventStore, 'readBackwards' | 'append'>;

/** Reads which log a store has. Throws StoreUnavailable, and an error for a note that this release cannot read. */
export const readLogState = async (store: Pick<EventStore, 'readBackwards'>): Promise<LogState> => {
  const [last] = await store.readBackwards(logStream, 'end', 1);
  if (last === undefined) return { kind: 'OPEN', id: null, at: null, revision: 'no_stream' };
  const { id = null, movedTo = null, at = null } = last.data;
  const known = { at: textOrNull(at), revision: last.revision };
  const ownId = textOrNull(id);
  if (last.type === openedType) return { kind: 'OPEN', id: ownId, ...known };
  if (last.type === restoringType && typeof last.data.backupId === 'string')
    return { kind: 'RESTORING', id: ownId, backupId: last.data.backupId, ...known };
  if (last.type === 'LogAwaited' && ownId !== null) return { kind: 'AWAITED', id: ownId, ...known };
  if (last.type === 'LogMoved' && typeof movedTo === 'string')
    return { kind: 'MOVED', id: ownId, movedTo, isComplete: last.data.state === complete, ...known };
  throw new Error(`Revision ${last.revision} of ${logStream} cannot be read: it is of a newer release, or damaged.`);
};

/** Notes that a store is the target of copies, so that no process serves it. Returns the id of the log that it waits for. */
export const awaitLog = async (store: LogStateStore, at: string): Promise<string> => {
  const state = await readLogState(store);
  if (state.kind === 'AWAITED') return state.id;
  if (state.kind === 'RESTORING') throw new Error('The log of this store is being restored from a backup.');
  const id = randomUUID();
  await note(store, state.revision, { type: 'LogAwaited', data: { id, at } });
  return id;
};

/**
 * Returns the event that a restore writes behind the log of a backup, in the stream `ledger-log`. With `isWhole` the store
 * serves the log at once, because nothing else is restored.
 */
export const restoredNote = ({ id, backupId, at, isWhole }: RestoredLog): LogNote => ({
  type: isWhole ? openedType : restoringType,
  data: { id, backupId, at },
});

/** A log that was restored from a backup. `id`: that of the log. `at`: ISO 8601, UTC. */
export type RestoredLog = {
  readonly id: string | null;
  readonly backupId: string;
  readonly at: string;
  readonly isWhole: boolean;
};

/** Notes that a store serves the log of a backup, which is restored. Does nothing when it does. Throws for another backup. */
export const openRestored = async (store: LogStateStore, backupId: string, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'OPEN') return;
  if (state.kind !== 'RESTORING' || state.backupId !== backupId)
    throw new Error('The event store has the log of another backup by now.');
  await note(store, state.revision, restoredNote({ id: state.id, backupId, at, isWhole: true }));
};

/**
 * Notes that the log of a store moves to the store that waits for `movedTo`. Does nothing when it moves there already. Throws
 * when it moves to another store, or is not the log of this store.
 */
export const closeLog = async (store: LogStateStore, movedTo: string, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'MOVED' && state.movedTo === movedTo) return;
  if (state.kind !== 'OPEN') throw new Error('The log of this store moves to another store at the same time.');
  await note(store, state.revision, { type: 'LogMoved', data: { id: state.id, movedTo, at } });
};

/** Notes that a store serves the log that it waits for. Does nothing when it does. Throws when it waits for another one. */
export const openLog = async (store: LogStateStore, id: string, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'OPEN' && state.id === id) return;
  if (state.kind !== 'AWAITED' || state.id !== id) throw new Error('The target waits for another log by now.');
  await note(store, state.revision, { type: 'LogOpened', data: { id, at } });
};

/** Notes at the source that the other store serves the log, so that the move cannot be ended any longer. */
export const completeMove = async (store: LogStateStore, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind !== 'MOVED' || state.isComplete) return;
  const { id, movedTo } = state;
  await note(store, state.revision, { type: 'LogMoved', data: { id, movedTo, state: complete, at } });
};

/** Notes that a store has its own log again: one that was closed for a move, or that waited for a log and has no event. */
export const reopenLog = async (store: LogStateStore, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'OPEN') return;
  const id = state.kind === 'MOVED' ? state.id : null;
  await note(store, state.revision, { type: 'LogOpened', data: { id, at } });
};

/** Notes that a store waits for another log than before, so that nobody completes the move that began. */
export const awaitOther = async (store: LogStateStore, at: string): Promise<void> => {
  const { revision } = await readLogState(store);
  await note(store, revision, { type: 'LogAwaited', data: { id: randomUUID(), at } });
};

/** An event of the stream. */
export type LogNote = { readonly type: string; readonly data: Readonly<Record<string, string | null>> };

/** Appends at the revision that was read. Of two that change the state at once, one fails with RevisionConflict. */
const note = async (store: LogStateStore, revision: Revision, { type, data }: LogNote): Promise<void> => {
  const id = uuidv5(idNamespace, `${type} ${revision} ${JSON.stringify(data)}`);
  await store.append(logStream, [{ id, type, data, metadata: {} }], revision, { timeoutMs: appendTimeoutMs });
};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const complete = 'COMPLETE';
const openedType = 'LogOpened';
const restoringType = 'LogRestoring';
const idNamespace = 'a3f6c9b2-5c0e-4d3f-9d3e-4a5b8f1f7c21';
const appendTimeoutMs = 10_000;
