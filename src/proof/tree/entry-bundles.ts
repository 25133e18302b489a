import { mustBe } from '../invalid.ts';
import { joinBytes } from '../text/bytes.ts';
import { tileWidth } from './tile-paths.ts';

/**
 * Returns the bundle of entries: before each its length in two bytes. Throws InvalidProof for an entry of 2^16 bytes or
 * more.
 */
export const formatBundle = (entries: readonly Uint8Array[]): Uint8Array => {
  mustBe(entries.length <= tileWidth, `A bundle has at most ${tileWidth} entries.`);
  return joinBytes(
    ...entries.flatMap((entry) => {
      mustBe(entry.length < 2 ** 16, `An entry has at most ${2 ** 16 - 1} bytes.`);
      return [Uint8Array.of(entry.length >> 8, entry.length), entry];
    }),
  );
};

/** Returns the entries of a bundle, which must be exactly `count`. Throws InvalidProof otherwise. */
export const parseBundle = (bundle: Uint8Array, count: number): readonly Uint8Array[] => {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    const end = at + 2 + (((high ?? 0) << 8) | (low ?? 0));
    mustBe(low !== undefined && end <= bundle.length, `The bundle ends within its entry ${entries.length}.`);
    entries.push(bundle.slice(at + 2, end));
    at = end;
  }
  mustBe(entries.length === count, `The bundle has ${entries.length} entries, and it must have ${count}.`);
  return entries;
};
