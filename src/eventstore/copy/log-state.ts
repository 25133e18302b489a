import { randomUUID } from 'node:crypto';
import type { EventStore, Revision } from '../event-store.ts';
import { uuidv5 } from '../uuids.ts';

/** The stream in which a store notes which log it has. It begins when a log is copied to or from the store. */
export const logStream = 'ledger-log';

/**
 * Which log a store has. `OPEN`: it serves the log with this id, or the first log (null). `AWAITED`: it is the target of
 * copies, and will have the log with this id. `MOVED`: the log `movedTo` in another store continues its log.
 */
export type LogState = {
  /** When the state was recorded, by the clock of the process that recorded it. Null: never. */
  readonly at: string | null;
  readonly revision: Revision;
} & (
  | { readonly kind: 'OPEN'; readonly id: string | null }
  | { readonly kind: 'AWAITED'; readonly id: string }
  | { readonly kind: 'MOVED'; readonly id: string | null; readonly movedTo: string }
);

type LogStateStore = Pick<EventStore, 'readBackwards' | 'append'>;

/** Reads which log a store has. Throws StoreUnavailable, and an error for a note that this release cannot read. */
export const readLogState = async (store: Pick<EventStore, 'readBackwards'>): Promise<LogState> => {
  const [last] = await store.readBackwards(logStream, 'end', 1);
  if (last === undefined) return { kind: 'OPEN', id: null, at: null, revision: 'no_stream' };
  const { id = null, movedTo = null, at = null } = last.data;
  const known = { at: textOrNull(at), revision: last.revision };
  const ownId = textOrNull(id);
  if (last.type === 'LogOpened') return { kind: 'OPEN', id: ownId, ...known };
  if (last.type === 'LogAwaited' && ownId !== null) return { kind: 'AWAITED', id: ownId, ...known };
  if (last.type === 'LogMoved' && typeof movedTo === 'string') return { kind: 'MOVED', id: ownId, movedTo, ...known };
  throw new Error(`Revision ${last.revision} of ${logStream} cannot be read: it is of a newer release, or damaged.`);
};

/** Notes that a store is the target of copies, so that no process serves it. Returns the id of the log that it waits for. */
export const awaitLog = async (store: LogStateStore, at: string): Promise<string> => {
  const state = await readLogState(store);
  if (state.kind === 'AWAITED') return state.id;
  const id = randomUUID();
  await note(store, state.revision, { type: 'LogAwaited', data: { id, at } });
  return id;
};

/** Notes that the log of a store moves to the store that waits for `movedTo`. Does nothing when it has moved there. */
export const closeLog = async (store: LogStateStore, movedTo: string, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'MOVED' && state.movedTo === movedTo) return;
  await note(store, state.revision, { type: 'LogMoved', data: { id: state.id, movedTo, at } });
};

/** Notes that a store serves the log with this id from now on, null for a first log. Does nothing when it does. */
export const openLog = async (store: LogStateStore, id: string | null, at: string): Promise<void> => {
  const state = await readLogState(store);
  if (state.kind === 'OPEN' && state.id === id) return;
  await note(store, state.revision, { type: 'LogOpened', data: { id, at } });
};

type LogNote = { readonly type: string; readonly data: Readonly<Record<string, string | null>> };

/** Appends at the revision that was read. Of two that change the state at once, one fails with RevisionConflict. */
const note = async (store: LogStateStore, revision: Revision, { type, data }: LogNote): Promise<void> => {
  const id = uuidv5(idNamespace, `${type} ${revision} ${JSON.stringify(data)}`);
  await store.append(logStream, [{ id, type, data, metadata: {} }], revision, { timeoutMs: appendTimeoutMs });
};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const idNamespace = 'a3f6c9b2-5c0e-4d3f-9d3e-4a5b8f1f7c21';
const appendTimeoutMs = 10_000;
