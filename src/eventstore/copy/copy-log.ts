import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventStore,
  OutcomeUnknown,
  type Position,
  type Recorded,
  type Revision,
  RevisionConflict,
  StoreUnavailable,
} from '../event-store.ts';
import type { LogRange } from '../read-log.ts';
import { contentOf } from './compare-logs.ts';

/** The store that is copied, and what reads its log. */
export type CopySource = {
  readonly store: Pick<EventStore, 'head' | 'readBackwards'>;
  readonly readLog: (range: LogRange) => AsyncIterable<Recorded>;
};

/** The store that gets the events. `last`: its last event of these streams, or null. */
export type CopyTarget = {
  readonly store: Pick<EventStore, 'append'>;
  readonly last: () => Promise<Recorded | null>;
};

export type CopyOptions = {
  readonly streamPrefixes: readonly string[];
  /** Called after each append with the number of events that this call has copied, and the position of the source. */
  readonly onProgress?: (progress: {
    readonly events: number;
    readonly position: Position;
    readonly head: Position;
  }) => void;
  /** Milliseconds between two tries of an append that was not answered. */
  readonly pauseMs?: number;
};

/** The target has an event of these streams that the source does not have at this place. Nothing was copied after it. */
export class TargetDiffers extends Error {
  override readonly name = 'TargetDiffers';
}

/**
 * Appends the events of streams with these prefixes to the target, in the order of the log, until the end that the log had
 * when the call began. Ids, types, data, metadata and revisions stay. The events of one command stay in one append. Goes on
 * after the last event that the target has, so it can be repeated. Returns the number of events that it copied. Throws
 * TargetDiffers, and StoreUnavailable when a store does not answer.
 */
export const copyLog = async (source: CopySource, target: CopyTarget, options: CopyOptions): Promise<number> => {
  const { streamPrefixes, onProgress = () => {} } = options;
  const head = await source.store.head({ timeoutMs: headTimeoutMs });
  const last = await target.last();
  if (head === null && last === null) return 0;
  const after = last === null ? undefined : await placeInSource(source, last);
  if (head === null) return 0;
  let copied = 0;
  const range = { streamPrefixes, upTo: head, onlyJson: true, ...(after && { after }) };
  for await (const command of commandsOf(source.readLog(range))) {
    await appendTo(target, command, options.pauseMs ?? pauseMsDefault);
    copied += command.length;
    onProgress({ events: copied, position: (command.at(-1) ?? neverEmpty()).position, head });
  }
  return copied;
};

/** Returns the position in the source of the last event of the target. */
const placeInSource = async ({ store }: CopySource, last: Recorded): Promise<Position> => {
  const [same] = await store.readBackwards(last.stream, last.revision, 1);
  if (same?.revision === last.revision && contentOf(same) === contentOf(last)) return same.position;
  throw new TargetDiffers(
    `The last event of the target is revision ${last.revision} of ${last.stream}, with the id ${last.id}. The source does not have it there.`,
  );
};

/** Groups neighbors that belong to one command of one stream. */
async function* commandsOf(events: AsyncIterable<Recorded>): AsyncGenerator<readonly Recorded[], void, undefined> {
  let command: Recorded[] = [];
  for await (const event of events) {
    const previous = command.at(-1);
    if (previous !== undefined && !isSameCommand(previous, event)) {
      yield command;
      command = [];
    }
    command.push(event);
  }
  if (command.length > 0) yield command;
}

const isSameCommand = (before: Recorded, event: Recorded): boolean =>
  before.stream === event.stream &&
  before.revision + 1n === event.revision &&
  before.metadata.commandId !== undefined &&
  before.metadata.commandId === event.metadata.commandId;

const appendTo = async ({ store }: CopyTarget, command: readonly Recorded[], pauseMs: number): Promise<void> => {
  const [first = neverEmpty()] = command;
  const expected: Revision = first.revision === 0n ? 'no_stream' : first.revision - 1n;
  for (let attempt = 1; ; attempt++) {
    try {
      const { revision } = await store.append(first.stream, command, expected, { timeoutMs: appendTimeoutMs });
      if (revision === first.revision + BigInt(command.length) - 1n) return;
      throw new TargetDiffers(`${first.stream} of the target is at revision ${revision}, which the source is not.`);
    } catch (error) {
      if (error instanceof RevisionConflict)
        throw new TargetDiffers(
          `Somebody else appends to the target, or it has another ${first.stream}: ${error.message}`,
        );
      const mayRepeat = error instanceof OutcomeUnknown || error instanceof StoreUnavailable;
      // The same ids at the same revision: a repetition of what was stored changes nothing.
      if (!mayRepeat || attempt === attemptsMax) throw error;
      await delay(pauseMs * attempt);
    }
  }
};

const neverEmpty = (): never => {
  throw new Error('A command has no event.');
};

const headTimeoutMs = 30_000;
const appendTimeoutMs = 30_000;
const attemptsMax = 5;
const pauseMsDefault = 500;
