import { noteChecks } from '../../aggregates/note-checks.ts';
import type { EventStore, JsonObject, Recorded } from '../../eventstore/event-store.ts';
import { InvalidProof, mustBe } from '../../proof/invalid.ts';
import { parseCheckpoint } from '../../proof/notes/checkpoints.ts';
import { parseRotation } from '../../proof/notes/key-rotations.ts';
import { restartedOrigin } from '../../proof/notes/log-origins.ts';
import type { TreeHead } from '../../proof/tree/merkle-proofs.ts';
import { type NoteReader, noteReader } from '../../signing/log-notes.ts';

/** What a log has signed: a tree under its present origin. `revision`: of the event in `checkpoint-…`. */
export type SignedHead = TreeHead & { readonly revision: bigint };

/** An event of `checkpoint-…` that is not what a notary writes. `revision`: of this event. */
export class WrongCheckpoint extends Error {
  override readonly name = 'WrongCheckpoint';
  readonly revision: bigint;

  constructor(revision: bigint, what: string) {
    super(what);
    this.revision = revision;
  }
}

type Reading = { readonly store: Pick<EventStore, 'read'>; readonly stream: string; readonly upTo: bigint };

/**
 * A log under its present origin. `since`: the revision at which it began. `keys`: the readers of the notes of its keys so
 * far. `signedSize`: of its last checkpoint, or 0. `ended`: the last tree of each earlier origin by the events that began the
 * log again, root in base64.
 */
export type PresentLog = {
  readonly origin: string;
  readonly since: bigint;
  readonly keys: readonly NoteReader[];
  readonly signedSize: number;
  readonly ended: ReadonlyMap<string, { readonly size: number; readonly root: string }>;
};

/**
 * Checks every signature of a stream `checkpoint-…` to its end. Returns null for a log that has not begun. Calls `onEvent`
 * with each event before its check. Throws WrongCheckpoint.
 */
export const checkSignatures = async (
  { store, stream }: Omit<Reading, 'upTo'>,
  onEvent: (event: Recorded) => Promise<void> | void = () => undefined,
): Promise<PresentLog | null> => {
  let log: PresentLog | null = null;
  let last: TreeHead | null = null;
  for await (const event of eventsOf({ store, stream }, 0n)) {
    const { type, data, revision } = event;
    await onEvent(event);
    try {
      if (type === 'LogStarted' || type === 'LogRestarted') {
        mustBe((log === null) === (type === 'LogStarted'), `${type} is not where a log begins or begins again.`);
        if (log !== null) checkRestart(data, log);
        log = {
          ...{ origin: textOf(data.origin), since: revision },
          ...{ keys: [noteReader(textOf(data.vkey))], signedSize: 0 },
          ended: endedBefore(event, log),
        };
        last = null;
        continue;
      }
      if (log === null) throw new InvalidProof(`${type} comes before the log has begun.`);
      const { origin, keys }: PresentLog = log;
      const text = keys.at(-1)?.(textOf(data.note)) ?? '';
      if (type === 'LogKeyRotated') log = { ...log, keys: [...keys, rotated(text, origin, data)] };
      if (type !== 'CheckpointSigned') continue;
      last = headSigned(text, { data, origin, last });
      log = { ...log, signedSize: last.size };
    } catch (error) {
      if (error instanceof InvalidProof) throw new WrongCheckpoint(revision, error.message);
      throw error;
    }
  }
  return log;
};

const endedBefore = ({ type, data }: Recorded, earlier: PresentLog | null): PresentLog['ended'] =>
  new Map([...(earlier?.ended ?? []), ...(type === 'LogRestarted' ? [endOf(data)] : [])]);

/** Returns the origin that ended with a restart, and its last tree. */
const endOf = ({ last }: Recorded['data']): [origin: string, { size: number; root: string }] => {
  const { origin, size, root } = (last ?? {}) as JsonObject;
  return [textOf(origin), { size: Number(size), root: textOf(root) }];
};

/** Returns the sentence about an event that began a log again. */
export const restartInWords = ({ data, metadata }: Recorded): string => {
  const [ended, { size }] = endOf(data);
  const { actor, recordedAt } = metadata;
  const { id } = (actor ?? {}) as JsonObject;
  return (
    `${textOf(id)} began the log again at ${textOf(recordedAt)} as ${textOf(data.origin)}, with the reason ${textOf(data.reason)}, ` +
    `after ${size} events of ${ended}; ask who did it, when you do not know of it`
  );
};

/** Throws InvalidProof when a log does not begin again after all that it has signed, or not under the next name. */
const checkRestart = ({ origin, last }: Recorded['data'], earlier: PresentLog): void => {
  const { origin: named, size: leaves } = (last ?? {}) as JsonObject;
  const [ended, size] = [textOf(named), Number(leaves)];
  const isKnown = ended === earlier.origin || noteChecks.isLaterName(ended, earlier.origin);
  mustBe(isKnown && origin === restartedOrigin(ended), `${origin} is not the next name of the log ${earlier.origin}.`);
  mustBe(
    ended !== earlier.origin || size >= earlier.signedSize,
    `The log began again after ${size} leaves of ${ended}, which had signed ${earlier.signedSize}.`,
  );
};

/** Returns what the event says was signed. Throws InvalidProof when its note says something else, or the tree shrank. */
const headSigned = (
  text: string,
  { data, origin, last }: { readonly data: Recorded['data']; readonly origin: string; readonly last: TreeHead | null },
): TreeHead => {
  const { origin: named, ...head } = parseCheckpoint(text);
  mustBe(named === origin, `The checkpoint is of ${named}, and the log is ${origin}.`);
  mustBe(isSame(head, headOf(data)), 'The event and its note name different trees.');
  mustBe(
    last === null || last.size < head.size || isSame(last, head),
    `A tree of ${last?.size} leaves was signed before it.`,
  );
  return head;
};

/** Returns the reader of the notes of the new key. Throws InvalidProof when the old key has signed another rotation. */
const rotated = (text: string, origin: string, data: Recorded['data']): NoteReader => {
  const rotation = parseRotation(text);
  mustBe(rotation.origin === origin && rotation.vkey === data.vkey, 'The event and its note name different keys.');
  return noteReader(rotation.vkey);
};

/** Yields what was signed from a revision on. The events were checked with `checkSignatures`. */
export async function* signedHeads(reading: Reading, since: bigint): AsyncGenerator<SignedHead> {
  for await (const { type, data, revision } of eventsOf(reading, since))
    if (type === 'CheckpointSigned') yield { ...headOf(data), revision };
}

async function* eventsOf(
  { store, stream, upTo }: Omit<Reading, 'upTo'> & { readonly upTo?: bigint },
  since: bigint,
): AsyncGenerator<Recorded> {
  for (let from = since; ; ) {
    const { events } = await store.read(stream, from, pageMax);
    for (const event of events) {
      if (upTo !== undefined && event.position.commit > upTo) return;
      // The check of hash chains knows what it repairs.
      if (event.type !== 'ChainRepaired') yield event;
    }
    const last = events.at(-1);
    if (last === undefined) return;
    from = last.revision + 1n;
  }
}

const headOf = ({ size, root }: Recorded['data']): TreeHead => ({
  size: Number(size),
  root: new Uint8Array(Buffer.from(textOf(root), 'base64')),
});

const isSame = (one: TreeHead, other: TreeHead): boolean =>
  one.size === other.size && Buffer.compare(one.root, other.root) === 0;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const pageMax = 500;
