import { createHash } from 'node:crypto';
import type { JsonObject, Proposed, Recorded } from '../event-store.ts';
import { canonicalJson, NotCanonical } from './canonical.ts';

/** `prevHash` of a stream's first event. */
export const genesisHash = '0'.repeat(64);

/** Where the next event of a stream attaches: its revision, and the hash of the event before it (`genesisHash` at 0). */
export type ChainEnd = { readonly stream: string; readonly nextRevision: bigint; readonly hash: string };

/**
 * Adds `prevHash` and `hash` to the metadata of consecutive events of one stream, attaching the first to `end`. Throws
 * NotCanonical when an event cannot be stored. Same events at the same place, same hashes.
 */
export const seal = (events: readonly Proposed[], end: ChainEnd): Proposed[] => {
  let prevHash = end.hash;
  return events.map((event, index) => {
    const metadata = { ...event.metadata, prevHash };
    const unsealed = { ...event, metadata, stream: end.stream, revision: end.nextRevision + BigInt(index) };
    prevHash = linkHash(unsealed);
    return { id: event.id, type: event.type, data: event.data, metadata: { ...metadata, hash: prevHash } };
  });
};

/**
 * What is wrong with an event's place in its stream's chain: it was altered (`HASH_DIFFERS`), or it is unaltered and
 * names another previous event (`PREVIOUS_HASH_DIFFERS`).
 */
export type LinkFault = 'PREVIOUS_HASH_DIFFERS' | 'HASH_DIFFERS';

/**
 * Checks that an event is unaltered and attaches to the event whose hash is `prevHash`. Returns null when both hold.
 */
export const verifyLink = (recorded: Recorded, prevHash: string): LinkFault | null => {
  const { hash, ...metadata } = recorded.metadata;
  if (hash !== hashAsStored({ ...recorded, metadata })) return 'HASH_DIFFERS';
  return metadata.prevHash === prevHash ? null : 'PREVIOUS_HASH_DIFFERS';
};

/**
 * A wrong link between two events that are themselves unaltered. The event at `revision` carries `found` as the hash of
 * its previous event, whose hash is `expected`. Two processes of an early release could append such an event.
 */
export type Break = { readonly revision: bigint; readonly expected: string; readonly found: string };

/** Returns the break at an event whose link is wrong. */
export const breakAt = ({ revision, metadata }: Recorded, expected: string): Break => ({
  revision,
  expected,
  found: String(metadata.prevHash),
});

/** Returns text that is the same for equal breaks only. */
export const keyOfBreak = ({ revision, expected, found }: Break): string => `${revision} ${expected} ${found}`;

/** The hash that an event carries, lower-case hex. */
export const hashOf = (event: Proposed): string => {
  const { hash } = event.metadata;
  if (typeof hash !== 'string') throw new Error(`The event ${event.id} (${event.type}) carries no hash.`);
  return hash;
};

/** A stream's stored events do not form an unbroken hash chain: it was altered, or written by something else. */
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

type Unsealed = {
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** An altered event may hold what was never sealed, such as a float: it has no hash at all. */
const hashAsStored = (event: Unsealed): string | null => {
  try {
    return linkHash(event);
  } catch (error) {
    if (error instanceof NotCanonical) return null;
    throw error;
  }
};

const chainVersion = 1;
const leaf = Buffer.of(0);

const linkHash = ({ stream, revision, id, type, data, metadata }: Unsealed): string =>
  createHash('sha256')
    .update(leaf)
    .update(canonicalJson({ v: chainVersion, stream, revision: Number(revision), id, type, data, metadata }), 'utf8')
    .digest('hex');
