import { canonicalJson } from '../eventstore/chain/canonical.ts';
import type { JsonObject, Recorded } from '../eventstore/event-store.ts';
import { InvalidProof, mustBe } from '../proof/invalid.ts';
import { type Leaf, leafBytes } from '../proof/leaf.ts';
import { leafOfMembers } from '../proof/stored-event.ts';
import { decodeHash, encodeBase64 } from '../proof/text/base64.ts';
import { isCount } from '../proof/text/decimal.ts';
import { parseObject } from '../proof/text/strict-json.ts';
import { leafHash } from '../proof/tree/merkle-hashes.ts';
import type { Line } from './pack-lines.ts';

/** An event of a pack. `index`: its number in the log, from 0. `hash`: of its leaf. */
export type PackEvent = {
  readonly index: number;
  readonly leaf: Leaf;
  readonly hash: Uint8Array;
  readonly recorded: Recorded;
};

/** Returns the line of an event in events.ndjson, without a line break. */
export const formatPackEvent = ({ id, type, stream, revision, data, metadata }: Recorded, index: number): string =>
  canonicalJson({ event: { id, type, stream, revision: Number(revision), data, metadata }, index });

/** Returns the event of a line whose content has the hash that its metadata names. Throws InvalidProof. */
export const parsePackEvent = ({ text, place }: Line): PackEvent =>
  atPlace(place, () => {
    const line = parseObject(text, 'The line');
    const { event, index, ...others } = line;
    mustBe(typeof index === 'number' && isCount(index), 'The index is not a whole number from 0.');
    mustBe(Object.keys(others).length === 0 && isObject(event), 'The line has not exactly an event and its index.');
    const leaf = leafOfMembers(event);
    mustBe(text === canonicalJson(line), 'The line is not RFC 8785 JSON.');
    const position = { commit: 0n, prepare: 0n };
    // `leafOfMembers` has checked the members.
    const stored = event as JsonObject & Omit<Recorded, 'revision' | 'position'>;
    return {
      index,
      leaf,
      hash: leafHash(leafBytes(leaf)),
      recorded: { ...stored, revision: BigInt(leaf.revision), position },
    };
  });

/** Returns the line of an inclusion proof in proofs.ndjson, without a line break. */
export const formatPackProof = (index: number, hashes: readonly Uint8Array[]): string =>
  canonicalJson({ hashes: hashes.map(encodeBase64), index });

/** Returns the index and the hashes of a line of proofs.ndjson. Throws InvalidProof. */
export const parsePackProof = ({
  text,
  place,
}: Line): { readonly index: number; readonly hashes: readonly Uint8Array[] } =>
  atPlace(place, () => {
    const { hashes, index, ...others } = parseObject(text, 'The line');
    mustBe(typeof index === 'number' && isCount(index), 'The index is not a whole number from 0.');
    mustBe(Array.isArray(hashes) && Object.keys(others).length === 0, 'The line has not exactly hashes and an index.');
    const decoded = hashes.map((hash: unknown) => decodeHash(String(hash), 'A hash of the proof'));
    mustBe(text === formatPackProof(index, decoded), 'The line is not RFC 8785 JSON.');
    return { index, hashes: decoded };
  });

/** Does work on a line. An InvalidProof names the line. */
export const atPlace = <Result>(place: string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    throw error instanceof InvalidProof ? new InvalidProof(`${place}: ${error.message}`) : error;
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
