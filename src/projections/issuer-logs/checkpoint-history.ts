import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import { InvalidProof, mustBe } from '../../proof/invalid.ts';
import { parseCheckpoint } from '../../proof/notes/checkpoints.ts';
import { parseRotation } from '../../proof/notes/key-rotations.ts';
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

/** A log under its present origin. `since`: the revision at which it began. `keys`: the readers of the notes of its keys so far. */
export type PresentLog = { readonly origin: string; readonly since: bigint; readonly keys: readonly NoteReader[] };

/**
 * Checks every signature of a stream `checkpoint-…` up to the commit position `upTo`. Returns null for a log that has not
 * begun. Throws WrongCheckpoint.
 */
export const checkSignatures = async (reading: Reading): Promise<PresentLog | null> => {
  let log: PresentLog | null = null;
  let last: TreeHead | null = null;
  for await (const { type, data, revision } of eventsOf(reading, 0n)) {
    try {
      if (type === 'LogStarted' || type === 'LogRestarted') {
        mustBe((log === null) === (type === 'LogStarted'), `${type} is not where a log begins or begins again.`);
        log = { origin: textOf(data.origin), since: revision, keys: [noteReader(textOf(data.vkey))] };
        last = null;
        continue;
      }
      if (log === null) throw new InvalidProof(`${type} comes before the log has begun.`);
      const { origin, keys }: PresentLog = log;
      const text = keys.at(-1)?.(textOf(data.note)) ?? '';
      if (type === 'LogKeyRotated') log = { ...log, keys: [...keys, rotated(text, origin, data)] };
      if (type === 'CheckpointSigned') last = headSigned(text, { data, origin, last });
    } catch (error) {
      if (error instanceof InvalidProof) throw new WrongCheckpoint(revision, error.message);
      throw error;
    }
  }
  return log;
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

async function* eventsOf({ store, stream, upTo }: Reading, since: bigint): AsyncGenerator<Recorded> {
  for (let from = since; ; ) {
    const { events } = await store.read(stream, from, pageMax);
    for (const event of events) {
      if (event.position.commit > upTo) return;
      yield event;
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
