import { createHash } from 'node:crypto';
import type { JsonObject, Proposed, Recorded } from '../event-store.ts';
import { canonicalJson, NotCanonical } from './canonical.ts';
import type { Break } from './repair-event.ts';

/** The `prevHash` of a stream's first event. */
export const genesisHash = '0'.repeat(64);

/**
 * The end of a stream's chain: the revision of the next event, and the hash of the last event (`genesisHash` without
 * events).
 */
export type ChainEnd = { readonly stream: string; readonly nextRevision: bigint; readonly hash: string };

/**
 * Adds `prevHash` and `hash` to the metadata of consecutive events of one stream; the first follows `end`. The same
 * events at the same place get the same hashes. Throws NotCanonical when an event cannot be stored.
 */
export const linkToChain = (events: readonly Proposed[], end: ChainEnd): Proposed[] => {
  let prevHash = end.hash;
  return events.map((event, index) => {
    const metadata = { ...event.metadata, prevHash };
    const withoutHash = { ...event, metadata, stream: end.stream, revision: end.nextRevision + BigInt(index) };
    prevHash = linkHash(withoutHash);
    return { id: event.id, type: event.type, data: event.data, metadata: { ...metadata, hash: prevHash } };
  });
};

/**
 * A fault of an event's link in its stream's chain. `HASH_DIFFERS`: the event was altered. `PREVIOUS_HASH_DIFFERS`: the
 * event is unaltered, but it names a different previous event.
 */
export type LinkFault = 'PREVIOUS_HASH_DIFFERS' | 'HASH_DIFFERS';

/**
 * Checks that an event is unaltered and follows the event with the hash `prevHash`. Returns null when both are true.
 */
export const verifyLink = (recorded: Recorded, prevHash: string): LinkFault | null => {
  const { hash, ...metadata } = recorded.metadata;
  if (hash !== hashAsStored({ ...recorded, metadata })) return 'HASH_DIFFERS';
  return metadata.prevHash === prevHash ? null : 'PREVIOUS_HASH_DIFFERS';
};

/** Returns the break at an event with a wrong link. `expected`: the hash of the previous event. */
export const breakAt = ({ revision, metadata }: Recorded, expected: string): Break => ({
  revision,
  expected,
  actual: String(metadata.prevHash),
});

/** Returns a text that is the same for equal breaks only. */
export const keyOfBreak = ({ revision, expected, actual }: Break): string => `${revision} ${expected} ${actual}`;

/** Returns the hash in an event's metadata, lower-case hex. Throws when it has none. */
export const hashOf = (event: Proposed): string => {
  const { hash } = event.metadata;
  if (typeof hash !== 'string') throw new Error(`The event ${event.id} (${event.type}) carries no hash.`);
  return hash;
};

/** The stored events of a stream do not form an unbroken hash chain: something altered the stream or wrote to it. */
export class ChainBroken extends Error {
  override readonly name = 'ChainBroken';
  readonly stream: string;
  readonly revision: bigint;

  constructor(stream: string, revision: bigint, fault: string) {
    super(
      `The hash chain of ${stream} is broken at revision ${revision}: ${fault}. No command is accepted on this stream. ` +
        `Run ledger repair-chain --stream ${stream} to see whether it can be repaired.`,
    );
    this.stream = stream;
    this.revision = revision;
  }
}

/** The fields that the hash of an event covers. `metadata` is without `hash`. */
type HashedFields = {
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** Returns the hash of a stored event. Returns null when it has none: an altered event may contain a float. */
const hashAsStored = (event: HashedFields): string | null => {
  try {
    return linkHash(event);
  } catch (error) {
    if (error instanceof NotCanonical) return null;
    throw error;
  }
};

const chainVersion = 1;
const leaf = Buffer.of(0);

const linkHash = ({ stream, revision, id, type, data, metadata }: HashedFields): string =>
  createHash('sha256')
    .update(leaf)
    .update(canonicalJson({ v: chainVersion, stream, revision: Number(revision), id, type, data, metadata }), 'utf8')
    .digest('hex');
