import { randomUUID } from 'node:crypto';
import type { ProposedEvent } from '../events.ts';

/** Which events of a stream its readers see. Null: no limit of this kind. */
export type StreamRule = {
  /** The first visible revision. `deletedRevision`: the stream is deleted. */
  readonly truncateBefore: bigint | null;
  readonly maxCount: bigint | null;
  /** In 100-nanosecond ticks. */
  readonly maxAgeTicks: bigint | null;
  readonly isTombstoned: boolean;
};

/** The revision of a tombstone, and the `$tb` of a stream that is deleted softly. */
export const deletedRevision = 2n ** 63n - 1n;

/** Returns true for a stream that holds the metadata of another one. */
export const isMetastream = (stream: string): boolean => stream.startsWith('$$');

/** Returns the name of the stream that holds the metadata of this one. */
export const metastreamOf = (stream: string): string => `$$${stream}`;

/** Returns the name of the stream that this metastream describes. */
export const originalOf = (metastream: string): string => metastream.slice(2);

/** The rule of a stream without metadata. */
export const noRule: StreamRule = { truncateBefore: null, maxCount: null, maxAgeTicks: null, isTombstoned: false };

/** The rule of every metastream: only its newest event counts. */
export const metastreamRule: StreamRule = { ...noRule, maxCount: 1n };

/** The rule of a stream with a tombstone, and of its metastream. */
export const tombstoneRule: StreamRule = { ...noRule, truncateBefore: deletedRevision, isTombstoned: true };

/**
 * Returns the rule that an event of a metastream sets. Like EventStoreDB, it ignores metadata that is not JSON, is
 * malformed, or has a limit beyond 64 bits.
 */
export const ruleOf = ({ isJson, data }: Pick<ProposedEvent, 'isJson' | 'data'>): StreamRule => {
  if (!isJson) return noRule;
  try {
    const text = decode(data);
    const metadata = parseObject(text);
    const ageSeconds = limitOf(metadata, '$maxAge', text);
    const maxAgeTicks = ageSeconds === null ? null : ageSeconds * ticksPerSecond;
    if (maxAgeTicks !== null && maxAgeTicks > deletedRevision) return noRule;
    const maxCount = limitOf(metadata, '$maxCount', text);
    return {
      truncateBefore: limitOf(metadata, '$tb', text),
      maxCount: maxCount === 0n ? null : maxCount,
      maxAgeTicks: maxAgeTicks === 0n ? null : maxAgeTicks,
      isTombstoned: false,
    };
  } catch {
    return noRule;
  }
};

/** Returns the metadata event that deletes a stream softly. */
export const softDeletion = (): ProposedEvent => metadataEvent(`{"$tb":${deletedRevision}}`);

/** Returns the event that makes a stream unusable for ever. */
export const tombstone = (): ProposedEvent => ({
  id: randomUUID(),
  type: '$streamDeleted',
  isJson: false,
  data: empty,
  metadata: empty,
});

/**
 * Returns metadata that shows a softly deleted stream again from revision `from` on, and changes nothing else of it.
 * Returns undefined for metadata that is malformed.
 */
export const reopened = (data: Uint8Array, from: bigint): ProposedEvent | undefined => {
  try {
    return metadataEvent(JSON.stringify({ ...parseObject(decode(data)), $tb: Number(from) }));
  } catch {
    return undefined;
  }
};

const empty = new Uint8Array();
const ticksPerSecond = 10_000_000n;

const metadataEvent = (json: string): ProposedEvent => ({
  id: randomUUID(),
  type: '$metadata',
  isJson: true,
  data: Buffer.from(json),
  metadata: empty,
});

const decode = (data: Uint8Array): string => Buffer.from(data).toString('utf8');

const parseObject = (text: string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('Not an object');
  return Object.fromEntries(Object.entries(value));
};

/** Returns a limit; null when it is absent or negative. Throws when it is no whole number of 64 bits. */
const limitOf = (metadata: Readonly<Record<string, unknown>>, name: string, text: string): bigint | null => {
  const value = metadata[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`${name} is not a whole number`);
  if (value < 0) return null;
  // JSON.parse rounds the revision of a deleted stream up to 2^63.
  if (value < 2 ** 63) return BigInt(value);
  if (value === 2 ** 63 && text.includes(String(deletedRevision))) return deletedRevision;
  throw new Error(`${name} has more than 64 bits`);
};
